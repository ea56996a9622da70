"""Several people, or processes, at the very same moment: each in a thread with a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connections

from sellercenter.lifecycle import Refused

DONE = "done"


def at_once(*acts: Callable[[], object], seconds: float = 60) -> list[str]:
    """Start all acts together and return, sorted, `done` or the code of the refusal of each.

    What else an act raises is raised here; so is a TimeoutError when one takes longer than `seconds`.
    """
    barrier, answers, broken = threading.Barrier(len(acts)), list[str](), list[Exception]()

    def run(act: Callable[[], object]) -> None:
        try:
            barrier.wait(10)
            act()
            answers.append(DONE)
        except Refused as refused:
            answers.append(refused.code)
        except Exception as error:
            broken.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
    if broken:
        raise broken[0]
    if len(answers) < len(acts):
        raise TimeoutError(f"{len(acts) - len(answers)} of {len(acts)} did not end in {seconds:g} s")
    return sorted(answers)


def in_threads(*acts: Callable[[], object], seconds: float = 60) -> None:
    """Start all acts together; every one of them must succeed within `seconds`."""
    assert set(at_once(*acts, seconds=seconds)) == {DONE}
