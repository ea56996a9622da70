"""Named places at which a test can let the process die, as if somebody had pulled the plug.

Without SELLERCENTER_CRASH_AT in the environment nothing here does anything.
"""

from __future__ import annotations

import os

# Every place, so that one test can walk them all.
POINTS = (
    "timer.decided",
    "timer.committed",
    "outbox.told",
    "outbox.settled",
    "outbox.committed",
    "message.claimed",
    "message.composed",
    "message.sent",
    "message.done",
    "job.created",
    "job.claimed",
    "job.prepared",
    "job.chunk_done",
    "job.chunk_committed",
    "job.ended",
    "export.batch",
    "export.written",
    "export.renamed",
    "export.ready",
    "refund.claimed",
    "refund.called",
    "refund.noted",
    "figures.dirt_taken",
    "figures.month_done",
)
# The exit code of a process that was killed with -9.
KILLED = 137
_passed: dict[str, int] = {}


def crash_here(name: str) -> None:
    """Die at once when this is the place that SELLERCENTER_CRASH_AT names.

    SELLERCENTER_CRASH_AFTER says how many times the place is passed unharmed before. Raises ValueError for a place
    that POINTS does not list.
    """
    if name not in POINTS:
        raise ValueError(f"{name} is not listed in sellercenter.crash.POINTS")
    if os.environ.get("SELLERCENTER_CRASH_AT") != name:
        return
    _passed[name] = _passed.get(name, 0) + 1
    if _passed[name] > int(os.environ.get("SELLERCENTER_CRASH_AFTER", "0")):
        os._exit(KILLED)
