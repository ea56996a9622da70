"""Give pytest real servers before anything reads the settings (a pytest plugin, loaded by `-p deploy.testing`)."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from deploy import environment, places, processes, services

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_BROWSER_ADVICE = "No browser found: apt-get install -y --no-install-recommends chromium fonts-noto-cjk"
# Migrates while the tests are collected, and says in a file how that ended; garbage is not worth looking for.
_MIGRATE = """
import gc, pathlib, sys
gc.disable()
ended = "failed"
try:
    import django
    django.setup()
    from django.core.management import call_command
    call_command("migrate", interactive=False, verbosity=0)
    from django.db import connections
    connections.close_all()
    ended = "done"
finally:
    said = pathlib.Path(sys.argv[1])
    said.with_suffix(".new").write_text(ended)
    said.with_suffix(".new").rename(said)
"""
_TEMPLATE, _TEMPLATE_SAID = "sellercenter_template", "TEST_TEMPLATE_SAID"
_TEMPLATE_SECONDS = 300.0
_servers = ExitStack()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Start the servers once; pytest-django reads the settings right after this.

    A wrapper, because pytest-django's own hook is `tryfirst` too. Workers of xdist inherit the environment.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker:
        os.environ["REDIS_URL"] = own_database(os.environ["REDIS_URL"], worker=worker)
    else:
        _start()
    try:
        yield
    except BaseException:
        _servers.close()
        raise


def _start() -> None:
    ours = not os.environ.get("DATABASE_URL")
    folder = _servers.enter_context(places.scratch())
    try:
        urls = _servers.enter_context(services.running("test", root=folder))
    except services.ServiceError as error:
        _servers.close()
        raise pytest.UsageError(str(error)) from error
    var = folder / "var"
    var.mkdir()
    os.environ.update({**environment.test(var), **urls})
    if ours:
        _begin_template(folder)


def _begin_template(folder: Path) -> None:
    """Begin to migrate a database once, of which the databases of all workers will be copies."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_TEMPLATE}")
    said = os.environ[_TEMPLATE_SAID] = str(folder / "template.said")
    env = environment.merged({"DATABASE_URL": f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{_TEMPLATE}"})
    with (folder / "template.log").open("wb") as log:
        command = [sys.executable, "-c", _MIGRATE, said]
        migrating = processes.spawn(command, env=env, cwd=places.PROJECT, output=log)
    _servers.callback(processes.stop, [migrating], steps=())


def template() -> str | None:
    """Return the name of the migrated database as soon as it is there, or None when each worker has to migrate."""
    if _TEMPLATE_SAID not in os.environ:
        return None
    said, deadline = Path(os.environ[_TEMPLATE_SAID]), time.monotonic() + _TEMPLATE_SECONDS
    while not said.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return _TEMPLATE if said.exists() and said.read_text() == "done" else None


def own_database(url: str, *, worker: str) -> str:
    """Return `url` with the database number that belongs to xdist worker gw0, gw1, ..."""
    base, _, number = url.rpartition("/")
    return f"{base}/{int(number or 0) + 1 + int(worker.removeprefix('gw'))}" if number.isdigit() else url


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Iterator[None]:
    """Let workers share tests out one by one, but for groups, whose preparation is worth sharing."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadgroup"
    return (yield)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what was loaded so far; it stays until the end and is much."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers and delete their data."""
    _servers.close()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Return the path of a Chromium; skip without one, or fail when REQUIRE_BROWSER=1."""
    found = find_chromium()
    if found is None and os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(_BROWSER_ADVICE)
    if found is None:
        pytest.skip(_BROWSER_ADVICE)
    return found


def find_chromium() -> str | None:
    """Return the first browser among $CHROMIUM and the usual names."""
    names = (os.environ.get("CHROMIUM", ""), *_BROWSERS)
    return next((str(Path(path)) for name in names if name and (path := shutil.which(name))), None)
