"""One HTTP exchange with a server that nobody here trusts to be quick: a limit for all of it, and no redirects."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from time import monotonic
from urllib.parse import urlsplit

# What can go wrong on the way; the answer may have been lost after the other side did what it was asked for.
BROKEN = (OSError, HTTPException)
_MOST_BYTES = 1_000_000


def exchange(
    method: str,
    url: str,
    *,
    timeout: float,  # seconds for the whole exchange, however slowly the other side drips
    token: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Send JSON, and return the status with at most a megabyte of the answer; raises one of BROKEN.

    Redirects are answers like any other: the token, a bearer, goes to nobody but the given address.
    """
    ends = monotonic() + timeout
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    sent = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", **(headers or {})}
    with closing(kind(parts.hostname or "", parts.port, timeout=timeout)) as connection:
        connection.connect()
        alarm = Timer(max(0.0, ends - monotonic()), _hang_up, [connection.sock])
        alarm.daemon = True
        alarm.start()
        try:
            connection.request(method, f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read(_MOST_BYTES)
        finally:
            alarm.cancel()


def _hang_up(line: socket.socket) -> None:
    """End a connection while another thread reads from it, which then finds that nothing more comes."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
