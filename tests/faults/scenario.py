"""Everything that happens by itself, in processes that are to die on the way: flag and export orders, then sweep.

`python -m tests.faults.scenario` reads lines of JSON: the point to die at, the shop and the orders to flag. It answers
each with the exit code of the process that it forked, which is cheaper than to start Python every time.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

ROUNDS = 3


def run(shop_id: int, keys: list[int], point: str) -> None:
    """Start the job if nobody has, and let the sweeps take their turns; raises RuntimeError when one breaks.

    Orders are exported, too, where the point is one of exports.
    """
    from django.conf import settings

    from orders import bulk
    from sellercenter import sweeps
    from sellercenter.models import Job, Member
    from sellercenter.permissions import actor_for

    owner = Member.objects.select_related("user", "role", "shop").get(shop=shop_id, owner=True)
    if not Job.objects.open().filter(shop=shop_id).exists():
        if point.startswith("export."):
            export(owner)
        chosen = bulk.Chosen(at="2026-01-01T00:00:00+00:00", upto=max(keys), query="", ids=tuple(keys))
        flag = next(action for action in bulk.ACTIONS if action.code == "flag")
        bulk.start(flag, chosen, values={"flag": 5}, member=owner, by=actor_for(owner))
    # What has just changed is worked out at once, so that the process also dies at that.
    settings.FIGURES_SETTLE = 0
    for _round in range(ROUNDS):
        if broken := [turn for turn in sweeps.run_round() if turn.error]:
            raise RuntimeError(f"a sweep broke: {broken}")


def export(owner: Any) -> None:
    """Ask for a file of all orders."""
    from sellercenter import exports
    from sellercenter.models import FileForm
    from sellercenter.permissions import actor_for

    source = exports.find("orders")
    told = {"source": source, "layout": source.layout("orders"), "columns": (), "form": FileForm.CSV, "query": ""}
    exports.ask(owner, **told, by=actor_for(owner))


def _dying(line: str) -> int:
    """Fork a process that does everything and dies at its point; return its exit code."""
    point, shop_id, keys = json.loads(line)
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.environ["SELLERCENTER_CRASH_AT"] = point
    try:
        run(shop_id, keys, point)
    except BaseException as error:
        print(f"{point}: {error!r}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    import django

    django.setup()
    for line in sys.stdin:
        print(_dying(line), flush=True)
