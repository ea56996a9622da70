"""Two at the same record in the same moment: each a thread with a connection of its own behind one gate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connections

from sellercenter.lifecycle import Refused

WON = "won"


class Side:
    """One of the two: a thread with a connection of its own that acts when the gate opens."""

    def __init__(self, gate: threading.Barrier) -> None:
        self.gate, self.took = gate, 0.0
        self.outcome: Any = None

    def act(self, verb: Callable[[Any], object], subject: Any) -> threading.Thread:
        """Begin to act; the outcome is WON, the code of the refusal, or whatever else happened."""
        thread = threading.Thread(target=self._act, args=(verb, subject))
        thread.start()
        return thread

    def _act(self, verb: Callable[[Any], object], subject: Any) -> None:
        try:
            connections["default"].ensure_connection()
            self.gate.wait(30)
            began = time.perf_counter()
            self.outcome = WON if verb(subject) is not False else "known"
        except Refused as refused:
            self.outcome = refused.code
        except Exception as error:
            self.outcome = error
        finally:
            self.took = time.perf_counter() - began
            connections.close_all()


def race(first: Callable[[Any], object], second: Callable[[Any], object], seen: list[Any]) -> list[Side]:
    """Let both act at once, each with what it read before; return the sides with their outcomes."""
    gate = threading.Barrier(2)
    sides = [Side(gate), Side(gate)]
    threads = [side.act(verb, one) for side, verb, one in zip(sides, (first, second), seen, strict=True)]
    for thread in threads:
        thread.join(60)
    return sides
