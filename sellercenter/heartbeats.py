"""Signs of life: the newest one of each sweep, queue and calendar task, by the database's clock."""

from __future__ import annotations

import logging
from typing import Any

from sellercenter import faults
from sellercenter.models import Heartbeat

log = logging.getLogger(__name__)


class Failed(Exception):
    """A piece of work came out badly and says so in words that hold nobody's data."""


def beat(name: str, **facts: Any) -> None:
    """Say that `name` is alive and did its work, with plain facts about it."""
    _write(name, facts, "at", "facts")


def falter(name: str, error: Exception, **facts: Any) -> None:
    """Say that `name` did not do its work; the time of its last success stays.

    What an error says may quote a buyer's data, so its kind and its place are kept and told, and its words only when
    it is Failed.
    """
    said = faults.describe(str(error) if isinstance(error, Failed) else error)
    log.error("%s failed: %s", name, said)
    _write(name, {"error": said, **facts}, "facts")


def _write(name: str, facts: dict[str, Any], *columns: str) -> None:
    row = Heartbeat(name=name, facts=facts)
    Heartbeat.objects.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=columns)
