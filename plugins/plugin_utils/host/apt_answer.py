"""The output of apt's downloader about an address that it was told to fetch."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .report import TIMED_OUT, Section

AS_APT = "apt"
"""Instead of a proxy: the one that is configured for the machine's apt."""
AS_ENVIRONMENT = ""
DIRECT = "DIRECT"


def fault(answer: Section, address: str, proxy: str, must_have: bool) -> str | None:  # noqa: PLR0911 # one for each kind
    """Return what went wrong when a machine asked an address; `None` if there was an answer.

    Parameters
    ----------
    must_have
        Whether the address itself must exist; otherwise any answer of its server is enough.
    """
    text = answer.text
    status = re.search(r"(?:^\s+|HTTP/\d\S* )(\d{3})  ?([A-Z][\w' -]*?)(?:  | \[|$)", text, re.MULTILINE)
    by = "the proxy" if proxy == AS_APT or "Invalid response from proxy" in text else f"the proxy {_bare(proxy)}"
    name = re.search(r"resolv(?:e|ing) '([^':]+)", text)
    if answer.rc == 0:
        return None
    if name:
        return f"the name {name[1]} cannot be resolved there (getent hosts {name[1]}); see its /etc/resolv.conf, or configure a proxy"
    if status and status[1] == "407":
        return f"{by} requires a user and a password (407), or rejected those it got"
    if re.search(r"certificate verif", text, re.IGNORECASE):
        why = re.search(r"NOT trusted\. (.+?)\. ", text)
        return (
            f"its certificate is not trusted there (x509{f': {why[1].strip()}' if why else ''}), as behind a TLS-inspecting proxy: "
            "add the certificate of that authority to extra_ca_certificates"
        )
    if status and "Invalid response from proxy" in text:
        return f"{by} refuses ({status[1]} {status[2]})"
    if status and (must_have or (status[1] in {"502", "503", "504"} and proxy not in {DIRECT, AS_ENVIRONMENT})):
        return f"the answer is {status[1]} {status[2]}"
    # The connection was made, and the certificate is valid; a server that then hangs up was there.
    if status or "unexpected eof" in text:
        return None
    if answer.rc == TIMED_OUT or re.search(r"timed out|Connection failed|wait for server", text):
        return "there is no answer in time"
    reason = re.search(rf"Failed to fetch {re.escape(address)}\s+(.*?)(?: \[IP: .*)?$", text, re.MULTILINE)
    return reason[1].strip() if reason else (answer.lines[-1].strip() if answer.lines else "no answer")


def _bare(proxy: str) -> str:
    """Return a proxy without its password."""
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
