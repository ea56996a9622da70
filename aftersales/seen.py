"""What a person saw when deciding: whoever decides on an old picture is told, and nothing happens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from sellercenter.lifecycle import Refused, locked


def meanwhile() -> Refused:
    """Return the refusal for a record that is not any more as the person saw it."""
    return Refused(_("Somebody changed this meanwhile. Look at it again, then repeat."), "changed_meanwhile")


def as_seen(record: Any, seen: str) -> datetime:
    """Lock a record and return the database's now; refused when its state is another than the one a person saw.

    `seen` is empty for whoever did not look at a page.
    """
    now = locked(record)
    if seen and record.status != seen:
        raise meanwhile()
    return now


def plain(words: str, most: int) -> str:
    """Return typed words as they are kept: with one kind of line end, and no longer than `most`."""
    return words.replace("\r\n", "\n").strip()[:most]
