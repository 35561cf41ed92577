"""Notifications by e-mail, through the inventory's mail server.

As Grafana does: TLS from the beginning on port 465 (RFC 8314), else STARTTLS (RFC 3207) where the server has it; certificates are
always verified, and a password is never sent in clear.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formataddr, formatdate, make_msgid
from typing import Any

from livemon.health import external_http
from livemon.notify.message import Message
from livemon.notify.secrets import value_of

SECONDS_TO_ANSWER = 30.0
"""For each answer of the mail server; some hold their greeting back for a while to be rid of senders of spam."""
TLS_PORT = 465


class _WithoutTLSError(smtplib.SMTPException):
    """The mail server wants a password, and offers no TLS."""


_REASONS = (
    (_WithoutTLSError, "the mail server offers no TLS, and a password is not sent in clear"),
    (TimeoutError, f"the mail server does not answer within {SECONDS_TO_ANSWER:g} s"),
    (smtplib.SMTPAuthenticationError, "the mail server refuses the user or the password"),
    (smtplib.SMTPNotSupportedError, "the mail server takes no password, or no address with signs beyond ASCII"),
    (smtplib.SMTPServerDisconnected, "the mail server closes the connection"),
)


def deliver(message: Message, settings: Mapping[str, Any], smtp: Mapping[str, Any]) -> str | None:
    """Send a message to one address; return why it did not leave, in words that hold no secret, or `None`.

    Parameters
    ----------
    settings
        ``to``, the address, and ``addresses``, all that the contact point has: people see who else was notified.
    smtp
        ``host``, ``port``, ``from`` and ``from_name``; where the server wants them, ``user`` and ``password``.
    """
    try:
        password = value_of(smtp.get("password"))
    except ValueError as error:
        return str(error)
    try:
        with _connected(smtp) as server:
            if smtp.get("user"):
                _log_in(server, smtp["user"], password or "")
            server.send_message(_mail(message, settings, smtp), smtp["from"], [settings["to"]])
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        return f"the mail server refuses the address ({code})"
    except (OSError, ValueError, smtplib.SMTPException) as error:
        return _reason(error)
    return None


def _connected(smtp: Mapping[str, Any]) -> smtplib.SMTP:
    context = ssl.create_default_context()
    name = smtp["from"].rpartition("@")[2]  # what HELO says; the container has no name that anybody knows
    if smtp["port"] == TLS_PORT:
        return smtplib.SMTP_SSL(smtp["host"], smtp["port"], name, timeout=SECONDS_TO_ANSWER, context=context)
    server = smtplib.SMTP(smtp["host"], smtp["port"], name, timeout=SECONDS_TO_ANSWER)
    try:
        server.ehlo_or_helo_if_needed()
        if server.has_extn("starttls"):
            server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _log_in(server: smtplib.SMTP, user: str, password: str) -> None:
    if not isinstance(server.sock, ssl.SSLSocket):
        raise _WithoutTLSError
    server.login(user, password)


def _mail(message: Message, settings: Mapping[str, Any], smtp: Mapping[str, Any]) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.title.split())
    mail["From"] = formataddr((smtp["from_name"], smtp["from"]))
    mail["To"] = ", ".join(settings["addresses"])
    mail["Date"] = formatdate(message.time)
    mail["Message-ID"] = make_msgid(domain=smtp["from"].rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: prevents out-of-office replies
    mail.set_content(message.body + "\n")
    return mail


def _reason(error: Exception) -> str:
    both = error, error.__context__  # smtplib calls it a closed connection, too, when there is no answer in time
    known = next((words for kind, words in _REASONS if any(isinstance(each, kind) for each in both)), None)
    if known is None and isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server answers {error.smtp_code}"
    return known or external_http.reason(error)
