"""Nothing anywhere sets the verification of a certificate off: the whole tree is looked through, templates and tests included."""

from __future__ import annotations

import re
import subprocess

import pytest
from paths import ROOT

WAYS = {
    "Python's ssl": (
        r"CERT_NONE|CERT_OPTIONAL|check_hostname\s*=\s*False|_create_unverified_context|get_server_certificate\(|VERIFY_NONE",
        "context.check_hostname = False",
    ),
    "requests": (r"(?-i:\bverify\s*=\s*False)", "requests.get(url, verify=False)"),
    # A registry on the loopback that speaks plain HTTP shows no certificate.
    "skopeo": (
        r"tls-verify=false(?!.*docker://127\.0\.0\.1)",
        "skopeo copy --dest-tls-verify=false docker://registry/image",
    ),
    "a setting of ours": (r"\bverify: (false|no|off)\b", "smtp: {verify: false}"),
    "Ansible": (r"validate_certs['\"]?\s*[:=]\s*['\"]?(false|no|off|0)\b", "validate_certs: false"),
    "curl": (r"\bcurl\b[^|;\n]*\s(-[a-zA-Z]*k[a-zA-Z]*|--insecure)\b|\[CMD, curl, -\w*k", "curl -fsSk https://monitor"),
    "wget": (r"no-check-certificate", "wget --no-check-certificate"),
    "Grafana": (r"SKIP_VERIFY|skip_verify|tls_?skip_?verify", "tlsSkipVerify: true"),
    "pip": (r"--trusted-host|trusted-host\s*=", "pip install --trusted-host packages.lab.example"),
    "npm and Node": (
        r"strict-ssl\s*=?\s*false|NODE_TLS_REJECT_UNAUTHORIZED|rejectUnauthorized['\"]?:\s*false",
        "npm config set strict-ssl false",
    ),
    "git": (r"GIT_SSL_NO_VERIFY|http\.sslVerify", "GIT_SSL_NO_VERIFY=1 git fetch"),
    "apt": (
        r"Verify-(Peer|Host)|allow-unauthenticated|allow_unauthenticated|trusted=yes",
        "deb [trusted=yes] http://mirror",
    ),
    "ssh": (
        r"StrictHostKeyChecking[ =](no|off)\b|host_key_checking\s*=\s*False",
        "ssh -o StrictHostKeyChecking=no monitor",
    ),
    "Go": (r"InsecureSkipVerify", "InsecureSkipVerify: true"),
    "Docker": (r"DOCKER_TLS_VERIFY=0", "DOCKER_TLS_VERIFY=0 docker ps"),
}
HERE = "tests/unit/test_verification.py"


@pytest.fixture(scope="module")
def tree() -> dict[str, str]:
    """Every file of the project, as text; pictures are none."""
    paths = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return {
        path: (ROOT / path).read_text(errors="ignore")
        for path in paths
        if path != HERE and (ROOT / path).is_file() and not path.endswith(".png")
    }


@pytest.mark.parametrize("way", WAYS)
def test_nothing_takes_a_certificate_unseen(way, tree):
    pattern, example = WAYS[way]
    assert re.search(pattern, example, re.IGNORECASE), "it would be found"
    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in tree.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if re.search(pattern, line, re.IGNORECASE)
    ]
    assert found == []


def test_the_tree_is_the_whole_tree(tree):
    kinds = (
        "src/livemon/sisock/wamp.py",
        "roles/grafana/templates/compose.yml.j2",
        "files/crossbar/start.py",
        "lab/machine",
        "tests/conftest.py",
    )
    assert set(kinds) <= set(tree)
