"""Uploads: what is far too large is never kept, and the page that gets it says so instead of breaking."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

# So much runs past, 1 GB, so that people get an answer; whoever sends more is up to no good.
_PIECE = 256 * 1024
_MOST_PIECES = 4096


class LimitedUpload(FileUploadHandler):
    """Let the rest of a request run past, piece by piece, once a file begins in one that is larger than the limit.

    What stands before the file, such as the form's token, is read as always. A request that is larger still is cut off.
    """

    _too_large = False
    _stream: Any = None

    def handle_raw_input(
        self, input_data: Any, META: dict[str, Any], content_length: int, boundary: str, encoding: str | None = None
    ) -> None:
        """Note how much is coming, and from where."""
        self._stream = input_data
        self._too_large = content_length > settings.UPLOAD_LIMIT

    def new_file(self, *args: Any, **named: Any) -> None:
        """Stop before the first byte of a file of too large a request."""
        if not self._too_large:
            return
        # Django would let it run past line by line, and keep a line of any length in memory.
        for _piece in range(_MOST_PIECES):
            if not self._stream.read(_PIECE):
                break
        raise StopUpload(connection_reset=True)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Hand the bytes on to the handlers that keep them."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers that kept it."""


def too_large(request: HttpRequest) -> bool:
    """Say whether the request was larger than what is taken, so that its files were not read."""
    return int(request.META.get("CONTENT_LENGTH") or 0) > settings.UPLOAD_LIMIT
