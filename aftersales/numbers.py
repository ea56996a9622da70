"""Numbers for what begins here: what comes from the platform keeps the platform's own."""

from __future__ import annotations

from datetime import datetime

from django.utils.crypto import get_random_string


def made(prefix: str, at: datetime) -> str:
    """Return a number such as `T261122-48210973`: the kind of record, the day, and digits that nobody can guess."""
    return f"{prefix}{at:%y%m%d}-{get_random_string(8, '0123456789')}"
