"""Settings are loud on nonsense: a process that is set up wrongly does not start."""

from __future__ import annotations

import base64
import os
import subprocess
import sys

import pytest

KEY = base64.b64encode(b"k" * 32).decode()
SHORT = base64.b64encode(b"short").decode()

WRONG = [
    ("DATABASE_URL", "", "DATABASE_URL is not set"),
    ("DATABASE_URL", "sqlite:///x.db", "PostgreSQL"),
    ("REDIS_URL", "", "REDIS_URL is not set"),
    ("SELLERCENTER_SECRET_KEY", "", "SELLERCENTER_SECRET_KEY is not set"),
    ("SELLERCENTER_SECRET_KEY", "short", "too short"),
    ("SELLERCENTER_SECRET_KEY", "a" * 60, "too simple"),
    ("SELLERCENTER_PRIVACY_KEYS", "", "SELLERCENTER_PRIVACY_KEYS is not set"),
    ("SELLERCENTER_PRIVACY_KEYS", KEY, "id:base64"),
    ("SELLERCENTER_PRIVACY_KEYS", f"much-too-long:{KEY}", "id:base64"),
    ("SELLERCENTER_PRIVACY_KEYS", "k1:%%%", "not base64"),
    ("SELLERCENTER_PRIVACY_KEYS", f"k1:{KEY},k2:{SHORT}", "5 bytes; 32 are needed"),
    ("SELLERCENTER_INDEX_KEY", "", "SELLERCENTER_INDEX_KEY is not set"),
    ("SELLERCENTER_INDEX_KEY", SHORT, "32 are needed"),
    ("SELLERCENTER_DEBUG", "yes", "use 0 or 1"),
    ("SELLERCENTER_DEMO", "true", "use 0 or 1"),
    ("SELLERCENTER_HTTPS", "on", "use 0 or 1"),
]
CHECK = """
import importlib, os, sys
from django.core.exceptions import ImproperlyConfigured
for line in sys.stdin.read().splitlines():
    name, value, said = line.split("\\t")
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        sys.modules.pop("sellercenter.settings", None)
        importlib.import_module("sellercenter.settings")
        print(name, repr(value), "was accepted")
    except ImproperlyConfigured as error:
        if said not in str(error):
            print(name, repr(value), "said", error)
    if before is None:
        del os.environ[name]
    else:
        os.environ[name] = before
"""


def run(code, *, given="", **changes):
    kept = {name: value for name, value in os.environ.items() if name not in changes}
    changed = {name: value for name, value in changes.items() if value is not None}
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=given,
        env=kept | changed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_nonsense_is_refused_with_the_name_of_the_variable():
    assert run(CHECK, given="\n".join("\t".join(one) for one in WRONG)) == ""


def test_outside_of_the_demo_hosts_must_be_named():
    code = "import sellercenter.settings"
    with pytest.raises(AssertionError, match="SELLERCENTER_ALLOWED_HOSTS"):
        run(code, SELLERCENTER_DEMO="0", SELLERCENTER_ALLOWED_HOSTS="")


def test_an_installation_is_behind_https_and_keeps_its_cookies_to_itself():
    code = """
import sellercenter.settings as s
print(s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS >= 31536000, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE)
print(s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, s.DEBUG)
"""
    said = run(code, SELLERCENTER_DEMO="0", SELLERCENTER_HTTPS=None, SELLERCENTER_ALLOWED_HOSTS="shop.example")
    assert said.splitlines() == ["True True True True", "__Host-session True Lax False"]


def test_django_finds_nothing_to_warn_about_in_an_installation():
    code = """
import django
from django.conf import settings
from django.core.management import call_command
django.setup()
settings.SILENCED_SYSTEM_CHECKS = ["security.W021"]  # whether a name goes on the browsers' list is for its owner to say
call_command("check", deploy=True, fail_level="WARNING", verbosity=0)
"""
    changes = {"SELLERCENTER_DEMO": "0", "SELLERCENTER_HTTPS": "1", "SELLERCENTER_ALLOWED_HOSTS": "shop.example"}
    run(code, **changes, DJANGO_ALLOW_ASYNC_UNSAFE=None)


def test_no_model_lacks_a_migration():
    code = """
import django
from django.core.management import call_command
django.setup()
call_command("makemigrations", check=True, dry_run=True, verbosity=0)
"""
    run(code)


def test_only_json_travels_through_the_queue_and_nothing_is_kept_there(settings):
    assert settings.CELERY_ACCEPT_CONTENT == ["json"]
    assert settings.CELERY_TASK_SERIALIZER == "json"
    assert settings.CELERY_TASK_IGNORE_RESULT is True
    assert not hasattr(settings, "CELERY_RESULT_BACKEND")
    assert settings.CELERY_TASK_ACKS_LATE
    assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST
    assert settings.CELERY_WORKER_PREFETCH_MULTIPLIER == 1


def test_the_queue_is_set_up_to_lose_as_little_as_it_can(settings):
    wanted = {
        **{"TASK_ACKS_LATE": True, "TASK_REJECT_ON_WORKER_LOST": True, "WORKER_PREFETCH_MULTIPLIER": 1},
        **{"TASK_TIME_LIMIT": 900, "TASK_SOFT_TIME_LIMIT": 840, "VISIBILITY_TIMEOUT": 1800},
        **{"WORKER_SOFT_SHUTDOWN_TIMEOUT": 30, "WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE": True},
        **{"WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS": True, "BROKER_CONNECTION_MAX_RETRIES": None},
        "TASK_PUBLISH_RETRY_POLICY": {"max_retries": 1, "interval_start": 0, "interval_max": 0.2},
    }
    assert {name: getattr(settings, f"CELERY_{name}") for name in wanted} == wanted
    transport = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    assert (transport["socket_keepalive"], transport["health_check_interval"]) == (True, 25)
    # The shortest of the three would win, and a task must end before it is handed out again.
    everywhere = (transport, settings.CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS)
    assert {one["visibility_timeout"] for one in everywhere} == {settings.CELERY_VISIBILITY_TIMEOUT}
    assert settings.CELERY_VISIBILITY_TIMEOUT > settings.CELERY_TASK_TIME_LIMIT


def test_every_setting_of_the_queue_is_one_that_celery_knows(settings):
    code = """
from sellercenter.celery import app
from django.conf import settings
from celery.app.defaults import flatten, NAMESPACES
known = {name.upper() for name, _option in flatten(NAMESPACES)}
given = {name.removeprefix("CELERY_") for name in dir(settings) if name.startswith("CELERY_")}
print(sorted(given - known))
print(app.conf.worker_soft_shutdown_timeout, app.conf.broker_connection_max_retries, app.conf.result_backend)
"""
    assert run(code).splitlines() == ["['VISIBILITY_TIMEOUT']", "30 None None"]
