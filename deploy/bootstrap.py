"""Make the virtual environment and install the locked requirements, with nothing but a bare Python.

Keep the syntax old: this file has to load on an old Python to say that it is too old.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
DEMO_LOCK = "requirements.lock"
DEV_LOCK = "requirements-dev.lock"
_NEWER = ("python3.13", "python3.12", "python3.11", "python3.14")


class BootstrapError(Exception):
    """Say in one sentence what the machine lacks and how to get it."""


def ensure(lock: str, *, project: Path = PROJECT) -> Path:
    """Install `lock` into `.venv` unless a stamp says that it is done, and return the environment's Python."""
    _check_python()
    venv = project / ".venv"
    python = venv / "bin" / "python"
    if is_current(venv, lock, project=project):
        return python
    venv.mkdir(exist_ok=True)
    with (venv / ".bootstrap.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not is_current(venv, lock, project=project):
            _make_venv(venv, python)
            _install(venv, python, lock, project)
    return python


def is_current(venv: Path, lock: str, *, project: Path = PROJECT) -> bool:
    """Tell whether `venv` holds what `lock` lists; the dev lock includes the demo lock."""
    stamp = venv / ".stamp"
    if not stamp.exists() or not _works(venv / "bin" / "python"):
        return False
    said = stamp.read_text().strip()
    return any(said == mark(name, project=project) for name in {lock, DEV_LOCK} if (project / name).exists())


def mark(lock: str, *, project: Path = PROJECT) -> str:
    """Return the text that names one exact state of `lock`."""
    return "{} {}".format(lock, hashlib.sha256((project / lock).read_bytes()).hexdigest())


def _check_python() -> None:
    if sys.version_info >= OLDEST:
        return
    for name in _NEWER:
        found = shutil.which(name)
        if found:
            os.execv(found, [found, "-m", "deploy", *sys.argv[1:]])
    raise BootstrapError(
        "Python {}.{} or newer is needed, and this is {}.{}. ".format(*OLDEST, *sys.version_info[:2])
        + "Install it, or name one: make PYTHON=/path/to/python3"
    )


def _works(python: Path) -> bool:
    test = "import sys; sys.exit(sys.version_info < {!r})".format(OLDEST)
    try:
        return subprocess.run([str(python), "-c", test], capture_output=True).returncode == 0
    except OSError:
        return False


def _make_venv(venv: Path, python: Path) -> None:
    has_pip = _works(python) and subprocess.run([str(python), "-m", "pip", "-V"], capture_output=True).returncode == 0
    if has_pip:
        return
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise BootstrapError(
            "This Python cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv"
        )
    print("Making the virtual environment ...", flush=True)
    for leftover in ("bin", "lib", "lib64", "include", "pyvenv.cfg", ".stamp"):
        path = venv / leftover
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(str(path))
        elif path.exists() or path.is_symlink():
            path.unlink()
    done = subprocess.run([sys.executable, "-m", "venv", str(venv)])
    if done.returncode:
        raise BootstrapError("Making {} failed; see the lines above.".format(venv))


def _install(venv: Path, python: Path, lock: str, project: Path) -> None:
    (venv / ".stamp").unlink(missing_ok=True)
    count = sum("==" in line and not line.startswith((" ", "#")) for line in (project / lock).open())
    print("Installing {} packages of {}; the first time takes about half a minute ...".format(count, lock), flush=True)
    command = [str(python), "-m", "pip", "install", "--require-hashes", "--no-deps", "-qq", "--no-input"]
    command += ["--disable-pip-version-check", "--no-warn-script-location", "--root-user-action=ignore"]
    done = subprocess.run([*command, "-r", str(project / lock)])
    if done.returncode:
        raise BootstrapError(
            "Installing {} failed; see pip's lines above. It needs the package index that pip is set up for.".format(
                lock
            )
        )
    half = venv / ".stamp.new"
    half.write_text(mark(lock, project=project) + "\n")
    half.replace(venv / ".stamp")
