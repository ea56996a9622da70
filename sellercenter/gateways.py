"""The ways by which a message leaves: e-mail through Django, SMS and in-site messages through one HTTP interface.

A gateway takes a message under its stable key, or raises: `NotTaken` when it surely did not, `Rejected` when it never
will, `Unknown` when nobody can tell, `NoWay` when there is none. Reasons never hold an address or words of the message.
"""

from __future__ import annotations

import http.client
import json
import logging
import smtplib
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils.module_loading import import_string

log = logging.getLogger(__name__)

NO_GATEWAY = "this installation names no gateway for the channel"


class GatewayError(Exception):
    """A message did not go through; the text is fit for a log."""


class NotTaken(GatewayError):
    """The gateway surely did not take it: sending again can't double it."""


class Rejected(GatewayError):
    """The gateway will never take it: sending again is no use."""


class Unknown(GatewayError):
    """It may have left or not: the answer is missing or makes no sense."""


class Broken(Unknown):
    """The way out broke on this very message, in a manner that it does not foresee; others may go through."""


class NoWay(GatewayError):
    """This installation sends nothing over the channel, which is its choice and no fault."""


@dataclass(frozen=True)
class Draft:
    """A message ready to leave. `address` is private: it is looked up for sending and kept nowhere.

    An e-mail may say the same in `html` for those who can see it.
    """

    key: str
    channel: str
    address: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    language: str
    html: str = field(default="", repr=False)


class Gateway(Protocol):
    """One way out."""

    def send(self, draft: Draft) -> None:
        """Hand the message over; raises GatewayError."""


class HttpGateway:
    """Post each message as JSON to SELLERCENTER_MESSAGE_GATEWAY_URL.

    The key travels as `Idempotency-Key`, the token as a bearer. A 2xx says that the message was taken. Waits three
    seconds for a connection and ten for the answer; follows no redirect.
    """

    connect_seconds, answer_seconds = 3.0, 10.0

    def send(self, draft: Draft) -> None:
        """Hand the message over; raises GatewayError."""
        connection = self._connect()
        try:
            connection.request("POST", self._path, body=self._body(draft), headers=self._headers(draft))
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise Unknown(f"no answer ({type(error).__name__})") from None
        finally:
            connection.close()
        self._judge(status)

    @property
    def _path(self) -> str:
        parts = urlsplit(settings.MESSAGE_GATEWAY_URL)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(settings.MESSAGE_GATEWAY_URL)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.connect_seconds)
        try:
            connection.connect()
        except OSError as error:
            raise NotTaken(f"no connection ({type(error).__name__})") from None
        connection.sock.settimeout(self.answer_seconds)
        return connection

    def _body(self, draft: Draft) -> bytes:
        told = {
            "id": draft.key,
            "channel": draft.channel,
            "to": draft.address,
            "subject": draft.subject,
            "text": draft.text,
            "language": draft.language,
        }
        return json.dumps(told, ensure_ascii=False).encode()

    def _headers(self, draft: Draft) -> dict[str, str]:
        token = settings.MESSAGE_GATEWAY_TOKEN
        secret = {"Authorization": f"Bearer {token}"} if token else {}
        return {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": draft.key, **secret}

    def _judge(self, status: int) -> None:
        if 200 <= status < 300:
            return
        if status in (400, 410, 413, 422):
            raise Rejected(f"answered {status}")
        # Wrong door, wrong token, too many, closed for now: it said no, and may say yes when that is mended.
        if (300 <= status < 500 and status != 409) or status == 503:
            raise NotTaken(f"answered {status}")
        raise Unknown(f"answered {status}")


class EmailGateway:
    """Send through Django's e-mail backend, under a Message-ID made from the key."""

    def send(self, draft: Draft) -> None:
        """Hand the message over; raises GatewayError."""
        headers = {"Message-ID": f"<{draft.key}@{settings.MESSAGE_ID_DOMAIN}>", "Content-Language": draft.language}
        mail = EmailMultiAlternatives(draft.subject, draft.text, to=[draft.address], headers=headers)
        if draft.html:
            mail.attach_alternative(draft.html, "text/html")
        try:
            mail.message()
        except ValueError as error:  # a line end in a header, or characters that no mail can carry
            raise Rejected(f"no mail can be made of it ({type(error).__name__})") from None
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _words in error.recipients.values()]
            raise (Rejected if min(codes) >= 500 else NotTaken)(f"the address was refused: {codes[0]}") from None
        except (smtplib.SMTPConnectError, smtplib.SMTPHeloError, smtplib.SMTPAuthenticationError) as error:
            raise NotTaken(f"no mail server ({type(error).__name__})") from None
        except smtplib.SMTPResponseException as error:
            raise (Rejected if error.smtp_code >= 500 else NotTaken)(f"answered {error.smtp_code}") from None
        except (ConnectionRefusedError, smtplib.SMTPServerDisconnected, OSError) as error:
            surely = isinstance(error, ConnectionRefusedError)
            raise (NotTaken if surely else Unknown)(f"no mail server ({type(error).__name__})") from None


class RecordingGateway:
    """Keep the last messages of this process in memory instead of sending them: for the demo and for tests."""

    taken: deque[Draft] = deque(maxlen=1000)

    def send(self, draft: Draft) -> None:
        """Keep the message, and say in the log that one would have left."""
        self.taken.append(draft)
        log.debug("%s message %s in %s would have left", draft.channel, draft.key, draft.language)


class NoGateway:
    """A channel for which this installation names no gateway."""

    def send(self, draft: Draft) -> None:
        """Send nothing."""
        raise NoWay(NO_GATEWAY)


def gateway(channel: str) -> Gateway:
    """Return the gateway of a channel, as the settings name it."""
    return import_string(settings.MESSAGE_GATEWAYS[channel])()


def without_gateway() -> list[str]:
    """Return the channels over which this installation sends nothing."""
    return [channel for channel, path in settings.MESSAGE_GATEWAYS.items() if import_string(path) is NoGateway]
