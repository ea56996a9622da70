"""The database's clock, and slots of calendar work that one process of many may take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import connection

_CLAIM = "INSERT INTO sellercenter_tick (task, slot) VALUES (%s, %s) ON CONFLICT DO NOTHING"


def claim(task: str, slot: datetime) -> bool:
    """Take one slot of a task; True for exactly one caller, however many processes ask."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [task, slot])
        return bool(cursor.rowcount)


def database_now() -> datetime:
    """Return what the database's clock says at this very moment, not at the start of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def slot(every: str, now: datetime) -> datetime:
    """Return the start of the UTC `hour` or `day` in which `now` lies; raises KeyError for other words."""
    return now.replace(hour=_HOUR[every](now), minute=0, second=0, microsecond=0)


_HOUR: dict[str, Callable[[datetime], int]] = {"hour": lambda now: now.hour, "day": lambda _now: 0}
