"""Run code in a process of its own that dies at a named place, on the database of the running test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

KILLED = 137
ROOT = Path(__file__).resolve().parent.parent


def run(code: str, *, at: str = "", after: int = 0, **environment: str) -> int:
    """Run the lines with Django set up, let them die at the crash point `at`, and return the exit code.

    The test must commit (`transaction=True`), or the other process sees nothing of it.
    """
    facts = connection.settings_dict
    account = f"{quote(facts['USER'])}:{quote(facts['PASSWORD'])}"
    name = f"postgres://{account}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"
    crash = {"SELLERCENTER_CRASH_AT": at, "SELLERCENTER_CRASH_AFTER": str(after)}
    env = {**os.environ, "DATABASE_URL": name, "REDIS_URL": settings.REDIS_URL, **crash, **environment}
    whole = f"import django; django.setup()\n{code}"
    done = subprocess.run([sys.executable, "-c", whole], cwd=ROOT, env=env, capture_output=True, timeout=60)
    if done.returncode not in (0, KILLED):
        raise AssertionError(done.stderr.decode()[-2000:])
    return done.returncode
