import sys
from pathlib import Path

import pytest

from deploy import bootstrap


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / bootstrap.DEMO_LOCK).write_text("one==1\n")
    (tmp_path / bootstrap.DEV_LOCK).write_text("one==1\ntwo==2\n")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return tmp_path


def stamp(project: Path, lock: str) -> None:
    (project / ".venv" / ".stamp").write_text(bootstrap.mark(lock, project=project) + "\n")


def current(project: Path, lock: str) -> bool:
    return bootstrap.is_current(project / ".venv", lock, project=project)


def test_without_a_stamp_nothing_is_current(project: Path) -> None:
    assert not current(project, bootstrap.DEMO_LOCK)


def test_the_dev_lock_serves_the_demo_but_not_the_other_way_round(project: Path) -> None:
    stamp(project, bootstrap.DEV_LOCK)
    assert current(project, bootstrap.DEMO_LOCK)
    assert current(project, bootstrap.DEV_LOCK)
    stamp(project, bootstrap.DEMO_LOCK)
    assert current(project, bootstrap.DEMO_LOCK)
    assert not current(project, bootstrap.DEV_LOCK)


def test_a_changed_lock_is_installed_again(project: Path) -> None:
    stamp(project, bootstrap.DEMO_LOCK)
    (project / bootstrap.DEMO_LOCK).write_text("one==2\n")
    assert not current(project, bootstrap.DEMO_LOCK)


def test_a_broken_interpreter_is_installed_again(project: Path) -> None:
    stamp(project, bootstrap.DEMO_LOCK)
    python = project / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(project / "gone")
    assert not current(project, bootstrap.DEMO_LOCK)


def test_what_is_current_is_not_installed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp(project, bootstrap.DEMO_LOCK)
    monkeypatch.setattr(bootstrap, "_install", None)
    assert bootstrap.ensure(bootstrap.DEMO_LOCK, project=project) == project / ".venv" / "bin" / "python"


def test_an_old_python_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(bootstrap.BootstrapError, match=r"Python 3.11 or newer is needed, and this is 3\.9"):
        bootstrap.ensure(bootstrap.DEMO_LOCK)
