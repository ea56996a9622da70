"""Give pytest real servers before anything reads the settings (a pytest plugin, loaded by `-p deploy.testing`)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy import environment, places, services

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_BROWSER_ADVICE = "No browser found: apt-get install -y --no-install-recommends chromium fonts-noto-cjk"
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
    folder = _servers.enter_context(places.scratch())
    try:
        urls = _servers.enter_context(services.running("test", root=folder))
    except services.ServiceError as error:
        _servers.close()
        raise pytest.UsageError(str(error)) from error
    var = folder / "var"
    var.mkdir()
    os.environ.update({**environment.test(var), **urls})


def own_database(url: str, *, worker: str) -> str:
    """Return `url` with the database number that belongs to xdist worker gw0, gw1, ..."""
    base, _, number = url.rpartition("/")
    return f"{base}/{int(number or 0) + 1 + int(worker.removeprefix('gw'))}" if number.isdigit() else url


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
