"""Settings of the graphite-web that referees: nothing on disk, nothing remembered between requests."""

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
DEFAULT_CACHE_DURATION = 0
SECRET_KEY = "of a database in memory"
STORAGE_FINDERS = ()
USE_WORKER_POOL = False
LOG_INFO_PERFORMANCE = False
LOG_FILE_EXCEPTION = "-"
ENFORCE_INPUT_VALIDATION = True
