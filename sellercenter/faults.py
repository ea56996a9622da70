"""Obligations that could not be met: counted one by one, tried again ever later, given up where people can see it.

A fault names a record by `subject_type` and `subject_id`, and by `step` what should have happened to it.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.models import Fault, Shop
from sellercenter.permissions import Actor

MOST_ATTEMPTS = 5
_FIRST_DELAY, _LONGEST_DELAY = timedelta(seconds=30), timedelta(hours=1)


@transaction.atomic
def note(subject_type: str, subject_id: int, step: str, shop: Shop | int, error: BaseException | str) -> Fault:
    """Count one more failed attempt and return the fault; its `dead_at` is set from the fifth attempt on.

    `error` is kept without the words of the exception, which may hold private data; a text is kept as it is.
    """
    return _count(subject_type, subject_id, step, shop, error, dead=None)


@transaction.atomic
def bury(
    subject_type: str, subject_id: int, step: str, shop: Shop | int, error: BaseException | str, *, attempts: int
) -> Fault:
    """Keep an obligation as given up that counted its `attempts` by itself."""
    return _count(subject_type, subject_id, step, shop, error, dead=attempts)


def _count(
    subject_type: str, subject_id: int, step: str, shop: Shop | int, error: BaseException | str, *, dead: int | None
) -> Fault:
    named = {"subject_type": subject_type, "subject_id": subject_id, "step": step}
    values = {"shop_id": shop if isinstance(shop, int) else shop.pk, "error": describe(error), "last_at": Now()}
    fault, _created = Fault.objects.update_or_create(
        **named,
        defaults=values | {"attempts": F("attempts") + 1 if dead is None else dead},
        create_defaults=values | {"attempts": dead or 1},
    )
    fault.refresh_from_db()
    if fault.dead_at is None and (dead is not None or fault.attempts >= MOST_ATTEMPTS):
        Fault.objects.filter(pk=fault.pk).update(dead_at=Now())
        fault.refresh_from_db(fields=["dead_at"])
    return fault


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many failed attempts: half a minute, then fourfold, at most an hour."""
    return min(_LONGEST_DELAY, _FIRST_DELAY * 4 ** max(0, min(attempts, 10) - 1))


def cleared(subject_type: str, subject_ids: Iterable[int], step: str) -> int:
    """Forget the faults of obligations that were met; return how many there were."""
    named = {"subject_type": subject_type, "subject_id__in": [*subject_ids], "step": step}
    return Fault.objects.filter(**named).delete()[0]


def forget(fault: Fault, *, by: Actor) -> None:
    """Forget a fault because its obligation is tried again, and keep in the log who wanted that."""
    told = {"subject_type": fault.subject_type, "subject_id": fault.subject_id, "step": fault.step}
    events.record_all("fault.replayed", [fault], by=by, data=lambda _fault: told)
    fault.delete()


def describe(error: BaseException | str) -> str:
    """Say what went wrong and where in our code, in at most 300 characters and without anybody's private data.

    The words of an exception may repeat a row or an address, so only its type, code and place are kept.
    """
    if isinstance(error, str):
        return error[:300]
    said = f": {error.code}" if isinstance(error, Refused) else ""
    if isinstance(error, DatabaseError) and (cause := error.__cause__) is not None:
        diag = getattr(cause, "diag", None)
        said = f" {getattr(diag, 'sqlstate', None) or ''} {getattr(diag, 'constraint_name', None) or ''}".rstrip()
    return f"{type(error).__name__}{said}{_place(error)}"[:300]


def _place(error: BaseException) -> str:
    """Name the innermost line of our own code."""
    ours = [
        (path.relative_to(settings.BASE_DIR).as_posix(), frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
        if (path := Path(frame.filename)).is_relative_to(settings.BASE_DIR) and ".venv" not in path.parts
    ]
    return f" in {ours[-1][0]}:{ours[-1][1]}" if ours else ""
