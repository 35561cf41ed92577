"""What apt's downloader says of an address that it was told to fetch."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .report import TIMED_OUT, Section

AS_APT = "apt"
"""Instead of a proxy: the one that the machine's apt is configured with."""
AS_ENVIRONMENT = ""
DIRECT = "DIRECT"


def fault(answer: Section, address: str, proxy: str, must_have: bool) -> str | None:  # noqa: PLR0911 # one for each kind
    """What went wrong when a machine asked an address; nothing when somebody answered.

    Parameters
    ----------
    must_have
        Whether the address itself must be there; else any answer of its server will do.
    """
    text = answer.text
    status = re.search(r"(?:^\s+|HTTP/\d\S* )(\d{3})  ?([A-Z][\w' -]*?)(?:  | \[|$)", text, re.MULTILINE)
    by = "the proxy" if proxy == AS_APT or "Invalid response from proxy" in text else f"the proxy {_bare(proxy)}"
    name = re.search(r"resolv(?:e|ing) '([^':]+)", text)
    if answer.rc == 0:
        return None
    if name:
        return f"the name {name[1]} is not resolved there (getent hosts {name[1]}); see its /etc/resolv.conf, or name a proxy"
    if status and status[1] == "407":
        return f"{by} wants a user and a password (407), or others than those it got"
    if re.search(r"certificate verif", text, re.IGNORECASE):
        why = re.search(r"NOT trusted\. (.+?)\. ", text)
        return (
            f"its certificate is not trusted there (x509{f': {why[1].strip()}' if why else ''}), as behind a TLS-inspecting proxy: "
            "give that authority's certificate by extra_ca_certificates"
        )
    if status and "Invalid response from proxy" in text:
        return f"{by} refuses ({status[1]} {status[2]})"
    if status and (must_have or (status[1] in {"502", "503", "504"} and proxy not in {DIRECT, AS_ENVIRONMENT})):
        return f"the answer is {status[1]} {status[2]}"
    # The connection stood, by a certificate that holds; who then hangs up was there.
    if status or "unexpected eof" in text:
        return None
    if answer.rc == TIMED_OUT or re.search(r"timed out|Connection failed|wait for server", text):
        return "nobody answers in time"
    reason = re.search(rf"Failed to fetch {re.escape(address)}\s+(.*?)(?: \[IP: .*)?$", text, re.MULTILINE)
    return reason[1].strip() if reason else (answer.lines[-1].strip() if answer.lines else "no answer")


def _bare(proxy: str) -> str:
    """A proxy without its password."""
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
