"""Calendar work: each entry of settings.TIMETABLE once per hour or day, however many processes look.

After a long stop the newest slot alone is made up for. A slot is taken before its work begins, so a kill in the
middle costs this slot and no more: entries are cleanings and checks, for which the next slot does as well.
"""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

from sellercenter import heartbeats, ticks

# The sign of life of this sweep, which its round gives after the turn alone.
SWEEP = "sweep:sellercenter.timetable.run_due"


def run_due(limit: int) -> int:
    """Do the calendar work whose slot nobody has taken yet; return how many entries were done.

    An entry that raises is reported on the health page and tried again in its next slot; the others go on.
    """
    now, done = ticks.database_now(), 0
    for every, path in settings.TIMETABLE:
        if done < limit and ticks.claim(path, ticks.slot(every, now)):
            _run(path)
            done += 1
    return done


def _run(path: str) -> None:
    name = f"task:{path}"
    heartbeats.beat(SWEEP, task=path)
    try:
        handled = import_string(path)()
    except Exception as error:
        heartbeats.falter(name, error)
    else:
        heartbeats.beat(name, handled=handled)
