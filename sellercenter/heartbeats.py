"""Signs of life: the newest one of each sweep, queue and calendar task, by the database's clock."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from sellercenter.models import Heartbeat

log = logging.getLogger(__name__)


def beat(name: str, **facts: Any) -> None:
    """Say that `name` is alive and did its work, with plain facts about it."""
    _write(name, facts, "at", "facts")


def falter(name: str, error: Exception, **facts: Any) -> None:
    """Say that `name` did not do its work; the time of its last success stays.

    What an error says may quote a buyer's data, so its kind and its place are kept and told, never its words.
    """
    places = reversed(traceback.extract_tb(error.__traceback__))
    stack = " < ".join(f"{place.filename}:{place.lineno}" for place in places)
    log.error("%s failed with %s at %s", name, type(error).__name__, stack)
    _write(name, {"error": type(error).__name__, **facts}, "facts")


def _write(name: str, facts: dict[str, Any], *columns: str) -> None:
    row = Heartbeat(name=name, facts=facts)
    Heartbeat.objects.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=columns)
