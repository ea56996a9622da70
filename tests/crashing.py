"""Run code in a process of its own that dies at a named place, on the database of the running test.

`python -m tests.crashing` starts once for all tests and forks for each, which is cheaper than to start Python every
time. It reads lines of JSON: the code, the environment, the settings. It answers each with the exit code of the fork.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
import time
import traceback
from functools import cache
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

KILLED = 137
ROOT = Path(__file__).resolve().parent.parent


def run(code: str, *, at: str = "", after: int = 0, **changed: Any) -> int:
    """Run the lines with Django set up and some settings changed, let them die at `at`, and return the exit code.

    The test must commit (`transaction=True`), or the other process sees nothing of it.
    """
    forks, said = _forks(_database())
    crash = {"SELLERCENTER_CRASH_AT": at, "SELLERCENTER_CRASH_AFTER": str(after)}
    assert forks.stdin
    assert forks.stdout
    before = said.seek(0, os.SEEK_END)
    forks.stdin.write(json.dumps([code, crash, changed]) + "\n")
    forks.stdin.flush()
    if not select.select([forks.stdout], [], [], 60)[0]:
        forks.kill()
        raise TimeoutError("not within 60 s")
    ended = int(forks.stdout.readline() or -1)
    if ended not in (0, KILLED):
        said.seek(before)
        raise AssertionError(said.read()[-2000:])
    _wait_for_its_session()
    return ended


def _wait_for_its_session() -> None:
    """Wait until the server has noticed that the process is gone, and let go of what it had locked."""
    deadline = time.monotonic() + 20
    while _other_sessions():
        if time.monotonic() > deadline:
            raise TimeoutError("the session of a process that is gone lasts for over 20 s")
        time.sleep(0.005)


def _other_sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


def _database() -> str:
    facts = connection.settings_dict
    account = f"{quote(facts['USER'])}:{quote(facts['PASSWORD'])}"
    return f"postgres://{account}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"


@cache
def _forks(database: str) -> tuple[subprocess.Popen[str], IO[str]]:
    """Start the process that forks, and return it with the file into which all forks speak."""
    said = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - as long as this process
    env = {**os.environ, "DATABASE_URL": database, "REDIS_URL": settings.REDIS_URL}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": said, "text": True}
    forks = subprocess.Popen([sys.executable, "-m", "tests.crashing"], cwd=ROOT, env=env, **pipes)
    atexit.register(_end, forks, said)
    return forks, said


def _end(forks: subprocess.Popen[str], said: IO[str]) -> None:
    forks.kill()
    forks.communicate()
    said.close()


def _fork(line: str) -> int:
    """Fork a process that does what it is told; return its exit code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    # The answers belong to the process that forks.
    os.dup2(2, 1)
    code, environment, changed = json.loads(line)
    os.environ.update(environment)
    for name, value in changed.items():
        setattr(settings, name, value)
    try:
        exec(code, {})
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    import importlib

    import django

    django.setup()
    # What the modules of tests import, so that no fork has to.
    importlib.import_module("tests.conftest")
    for told in sys.stdin:
        print(_fork(told), flush=True)
