"""Grafana's HTTP API, as its administrator."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from requests.adapters import HTTPAdapter

from livemon.config import readable_file, secret, setting
from livemon.errors import GrafanaError

ADMINISTRATOR = "admin"
SECONDS_TO_ANSWER = 30.0
PAGE = 1000
"""Results of one search; Grafana allows 5000."""


class _Pinned(HTTPAdapter):
    """Trusts one certificate, under a name that it has: in its network Grafana has another one than in the lab's browsers."""

    def __init__(self, certificate: Path) -> None:
        try:
            shown = x509.load_pem_x509_certificate(certificate.read_bytes())
            names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (ValueError, x509.ExtensionNotFound) as error:
            raise GrafanaError(f"{certificate} holds no certificate of a server; name a PEM file") from error
        self._name = next(str(name.value).replace("*", "grafana") for name in names)
        self._context = ssl.create_default_context(cadata=shown.public_bytes(Encoding.DER))
        self._context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # no need to know who signed it
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._context, server_hostname=self._name, **options)


class Grafana:
    """One Grafana.

    Parameters
    ----------
    url
        Where it answers, for example ``http://sisock-grafana:3000``.
    password
        Of its administrator; `None` for what needs none.
    certificate
        The certificate that it shows (PEM), when it speaks HTTPS.
    """

    def __init__(self, url: str, password: str | None = None, certificate: Path | None = None) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # it runs in the next container: a proxy must not be used
        if password is not None:
            self._session.auth = (ADMINISTRATOR, password)
        if certificate is not None:
            self._session.verify = str(certificate)
            self._session.mount("https://", _Pinned(certificate))

    @classmethod
    def from_environment(cls) -> Grafana:
        """Return the one that ``LIVEMON_GRAFANA_URL``, ``_PASSWORD_FILE`` and ``_CERTIFICATE`` name.

        Raises
        ------
        ConfigError
            If one of them is missing or cannot be read.
        """
        return cls(
            setting("LIVEMON_GRAFANA_URL"),
            setting("LIVEMON_GRAFANA_PASSWORD_FILE", secret),
            setting("LIVEMON_GRAFANA_CERTIFICATE", readable_file, None),
        )

    def get(self, path: str, **parameters: Any) -> requests.Response:
        """Return the answer to GET `path`.

        Raises
        ------
        GrafanaError
            If Grafana does not answer, or refuses; its `status` is that of HTTP, or `None`.
        """
        return self._ask("GET", path, params=parameters)

    def post(self, path: str, content: Any) -> requests.Response:
        """Return the answer to POST `path` with `content` as JSON; raises as :meth:`get` does."""
        return self._ask("POST", path, json=content)

    def delete(self, path: str) -> None:
        """Ask for DELETE `path`; raises as :meth:`get` does."""
        self._ask("DELETE", path)

    def _ask(self, method: str, path: str, **content: Any) -> requests.Response:
        try:
            answer = self._session.request(method, self.url + path, timeout=SECONDS_TO_ANSWER, **content)
        except requests.RequestException as error:
            raise GrafanaError(f"Grafana does not answer at {self.url}: {_reason(error)}") from error
        if answer.status_code == 401:
            raise GrafanaError(
                "Grafana does not know the administrator's password: it was changed in Grafana. Write it into "
                "/etc/livemon/secrets/master/admin and run playbooks/site.yml",
                401,
            )
        if not answer.ok:
            raise GrafanaError(
                f"Grafana answers {answer.status_code} to {path}: {answer.text[:200]}", answer.status_code
            )
        return answer

    def get_json(self, path: str, **parameters: Any) -> Any:
        """Return what the answer to GET `path` says.

        Raises
        ------
        GrafanaError
            If there is no answer, or it is not JSON.
        """
        answer = self.get(path, **parameters)
        try:
            return answer.json()
        except requests.JSONDecodeError as error:
            raise GrafanaError(f"the answer to {path} is not JSON: is {self.url} the address of a Grafana?") from error

    def version(self) -> str:
        """Return its version, for example 12.0.2; needs no password."""
        return str(self.get_json("/api/health").get("version", ""))

    def search(self, kind: str) -> Iterator[dict[str, Any]]:
        """Every dashboard (kind ``dash-db``) or folder (``dash-folder``), in the form of ``/api/search``."""
        page = 1
        while found := self.get_json("/api/search", type=kind, limit=PAGE, page=page):
            yield from found
            if len(found) < PAGE:
                return
            page += 1

    def dashboard(self, uid: str) -> dict[str, Any]:
        """Return a dashboard: ``{"dashboard": its model, "meta": ...}``."""
        found: dict[str, Any] = self.get_json(f"/api/dashboards/uid/{uid}")
        return found


def release(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, to compare it by; empty where it has none: ``12.0.2-pre`` is (12, 0, 2)."""
    found = re.match(r"v?(\d+(?:\.\d+){0,2})", version)
    return tuple(map(int, found[1].split("."))) if found else ()


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return f"no answer within {SECONDS_TO_ANSWER:.0f} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not the one that was given to it"
    return "connection refused"
