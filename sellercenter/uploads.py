"""Uploads: what is far too large is never kept, and the page that gets it says so instead of breaking."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest


class LimitedUpload(FileUploadHandler):
    """Let the rest of a request run past unread once a file begins in one that is larger than the limit.

    What stands before the file, such as the form's token, is read as always.
    """

    _too_large = False

    def handle_raw_input(
        self, input_data: Any, META: dict[str, Any], content_length: int, boundary: str, encoding: str | None = None
    ) -> None:
        """Note how much is coming."""
        self._too_large = content_length > settings.UPLOAD_LIMIT

    def new_file(self, *args: Any, **named: Any) -> None:
        """Stop before the first byte of a file of too large a request."""
        if self._too_large:
            raise StopUpload(connection_reset=False)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Hand the bytes on to the handlers that keep them."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers that kept it."""


def too_large(request: HttpRequest) -> bool:
    """Say whether the request was larger than what is taken, so that its files were not read."""
    return int(request.META.get("CONTENT_LENGTH") or 0) > settings.UPLOAD_LIMIT
