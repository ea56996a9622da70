"""The Celery app, its queues and the whole timetable on one screen.

Redis carries hints only: each task here may be lost, doubled or late without harm,
because what is owed stands in PostgreSQL and the next round of the timetable finds it.
"""

import json
import os
from typing import Any

from celery import Celery
from kombu import Exchange, Queue

from sellercenter.watchdog import Watchdog

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sellercenter.settings")

# Redis hands a message out again that nobody acknowledged in time; one that waits for long would be done twice.
LONGEST_WAIT = 60
MOST_BYTES = 1024


class Hints(Celery):
    """An app that sends small hints at once; a later time belongs into a column of PostgreSQL."""

    _publish = Celery.send_task

    def send_task(
        self, name: str, args: Any = None, kwargs: Any = None, countdown: Any = None, eta: Any = None, **options: Any
    ) -> Any:
        """Send a task; raises ValueError for one that would wait in Redis for over a minute or carries over 1 kB."""
        if eta is not None or (countdown or 0) > LONGEST_WAIT:
            raise ValueError(f"{name} would wait in Redis; keep the time in PostgreSQL and let a sweep find it")
        if len(json.dumps([args, kwargs], default=str)) > MOST_BYTES:
            raise ValueError(f"{name} carries more than {MOST_BYTES} bytes; send the id of a row")
        return self._publish(name, args, kwargs, countdown=countdown, **options)


app = Hints("sellercenter")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(Watchdog)

QUEUES = ("timers", "notices", "jobs", "files")
# Each behind its own exchange: left to themselves they share one, and every hint would come to all of them.
app.conf.task_queues = [Queue(name, Exchange(name), routing_key=name) for name in QUEUES]
app.conf.task_default_queue = "jobs"
# The sweeps as tasks, each on its queue: sent after a commit by `wake`, and by the timetable in case that got lost.
SWEEPS = {
    "orders.tasks.fire_due": "timers",
    "sellercenter.tasks.fan_out": "notices",
    "sellercenter.tasks.send_messages": "notices",
    "aftersales.tasks.ask_for_refunds": "notices",
    "aftersales.tasks.pay_refunds": "notices",
    "analytics.tasks.roll": "jobs",
    "sellercenter.tasks.run_jobs": "jobs",
    "sellercenter.tasks.run_files": "files",
}
app.conf.task_routes = {
    **{task: {"queue": queue} for task, queue in SWEEPS.items()},
    "sellercenter.tasks.run_timetable": {"queue": "jobs"},
}
# Each entry expires before the next one leaves, so that nothing piles up while no worker listens.
app.conf.beat_schedule = {
    **{task: {"task": task, "schedule": 5.0, "options": {"expires": 5}} for task in SWEEPS},
    "timetable": {"task": "sellercenter.tasks.run_timetable", "schedule": 60.0, "options": {"expires": 60}},
    **{
        f"heartbeat of {queue}": {
            "task": "sellercenter.tasks.heartbeat",
            "args": [queue],
            "schedule": 30.0,
            "options": {"queue": queue, "expires": 30},
        }
        for queue in QUEUES
    },
}
