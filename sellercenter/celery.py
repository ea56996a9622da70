"""The Celery app, its queues and the whole timetable on one screen.

Redis carries hints only: each task here may be lost, doubled or late without harm,
because what is owed stands in PostgreSQL and the next round of the timetable finds it.
"""

import os

from celery import Celery
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sellercenter.settings")

app = Celery("sellercenter")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.task_queues = [Queue(name) for name in ("celery", "timers", "notices", "jobs")]
app.conf.task_default_queue = "celery"
app.conf.beat_schedule = {
    "clear sessions that have ended": {"task": "sellercenter.tasks.clear_ended_sessions", "schedule": 3600.0},
    "forget pasted numbers": {"task": "orders.tasks.forget_pasted_numbers", "schedule": 86400.0},
}
