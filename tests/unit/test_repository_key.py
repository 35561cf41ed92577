"""The key that Docker's packages are signed with: `roles/docker/files/repository-key.sh`, with keys made here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from paths import ROOT

pytestmark = pytest.mark.skipif(
    not (shutil.which("gpg") and Path("/usr/lib/apt/apt-helper").exists()), reason="needs gpg and apt"
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two public keys by their fingerprints, each in a file that can be downloaded."""
    # A short path: that of gpg's socket below it may have at most 107 characters.
    home = tmp_path_factory.mktemp("g")
    home.chmod(0o700)
    gpg = ["gpg", "--batch", "--quiet", "--homedir", str(home), "--pinentry-mode", "loopback", "--passphrase", ""]
    found = {}
    for name in ("docker", "other"):
        subprocess.run([*gpg, "--quick-generate-key", name, "ed25519", "sign", "never"], check=True, timeout=60)
        listed = subprocess.run(
            [*gpg, "--with-colons", "--list-keys", name], check=True, capture_output=True, text=True, timeout=60
        ).stdout
        fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))
        file = home / f"{name}.asc"
        subprocess.run([*gpg, "--armor", "--output", str(file), "--export", name], check=True, timeout=60)
        found[fingerprint] = file
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, timeout=60)
    return found


def install(address: str, fingerprint: str, keyring: Path) -> tuple[int, str]:
    done = subprocess.run(
        [ROOT / "roles/docker/files/repository-key.sh", address, fingerprint, keyring],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.strip()


def test_the_expected_key_is_installed_once(keys, tmp_path):
    (fingerprint, file), _ = keys.items()
    keyring = tmp_path / "docker.gpg"
    assert install(f"copy:{file}", fingerprint, keyring) == (0, "is new")
    assert install(f"copy:{file}", fingerprint, keyring) == (0, "")


def test_another_key_is_refused_and_the_installed_one_stays(keys, tmp_path):
    (fingerprint, file), (other, other_file) = keys.items()
    keyring = tmp_path / "docker.gpg"
    install(f"copy:{file}", fingerprint, keyring)
    before = keyring.read_bytes()
    assert install(f"copy:{other_file}", fingerprint, keyring) == (3, f"has the fingerprint {other}")
    assert keyring.read_bytes() == before


def test_what_is_not_a_key_is_refused(tmp_path):
    (tmp_path / "page.html").write_text("<html>Sign in to the lab's network</html>")
    assert install(f"copy:{tmp_path}/page.html", "A" * 40, tmp_path / "docker.gpg") == (3, "is not an OpenPGP key")


def test_an_installed_key_outlives_an_address_that_cannot_be_reached(keys, tmp_path):
    """Every run failed where the network was away, though nothing was to be installed."""
    (fingerprint, file), (other, _) = keys.items()
    keyring, nowhere = tmp_path / "docker.gpg", f"copy:{tmp_path}/nothing.asc"
    code, said = install(nowhere, fingerprint, keyring)
    assert code == 3
    assert said.startswith("cannot be downloaded: E: ")
    install(f"copy:{file}", fingerprint, keyring)
    assert install(nowhere, fingerprint, keyring) == (0, "")
    assert install(nowhere, other, keyring)[0] == 3
