"""Run the developer's commands: test, faults, check, bench, format, messages, lock, clean."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy import environment, places, services
from deploy.places import PROJECT, VAR, ServiceError

_BIN = Path(sys.prefix) / "bin"
_CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".hypothesis", "staticfiles")
_COMPILE = ("pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--generate-hashes")


def run(command: str, args: list[str]) -> int:
    """Run one chore and return its exit code."""
    chores: dict[str, Callable[[list[str]], int]] = {
        "test": test,
        "faults": faults,
        "check": check,
        "bench": bench,
        "format": format_code,
        "messages": messages,
        "lock": lock,
        "clean": clean,
    }
    return chores[command](args)


def test(args: list[str]) -> int:
    """Run pytest in place of this process; the plugin starts the servers.

    By one worker more than there are cores, as some tests wait for other processes.
    """
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *(args or ["-n", str((os.cpu_count() or 2) + 1), "-q"])])


def faults(args: list[str]) -> int:
    """Run the fault tests in their full form, on servers tuned for it; their figures end the report."""
    with places.scratch() as folder, services.running("bench", root=folder) as urls:
        env = environment.merged(environment.test(folder), urls, {"FAULTS": "full"})
        command = [sys.executable, "-m", "pytest", *(args or ["tests/faults", "-q"])]
        return subprocess.run(command, cwd=PROJECT, env=env).returncode


def check(args: list[str]) -> int:
    """Run every check, go on after a failure, and name the failed ones at the end."""
    with places.scratch() as folder, services.running("test", root=folder) as urls:
        env = environment.merged(environment.test(folder), urls)
        failed = [name for name, command in _checks() if not _passes(name, command, env)]
    if failed:
        print(f"\nFailed: {', '.join(failed)}", flush=True)
        return 1
    print("\nAll checks passed.", flush=True)
    return 0


def _checks() -> list[tuple[str, Sequence[str]]]:
    manage = [sys.executable, "manage.py"]
    checks: list[tuple[str, Sequence[str]]] = [
        ("ruff", [_tool("ruff"), "check", "."]),
        ("ruff format", [_tool("ruff"), "format", "--check", "."]),
        ("mypy", [sys.executable, "-m", "mypy"]),
        ("import-linter", [_tool("lint-imports")]),
        ("django", [*manage, "check", "--fail-level", "WARNING"]),
        ("migrations", [*manage, "makemigrations", "--check", "--dry-run"]),
    ]
    if (PROJECT / "templates").exists():
        checks.append(("djlint", [_tool("djlint"), "templates", "--lint", "--quiet"]))
    if shutil.which("xgettext") or os.environ.get("CI") == "true":
        checks.append(("messages", [*manage, "check_messages"]))
    else:
        print("SKIPPED: the message catalogue is NOT checked, xgettext is missing: apt-get install gettext", flush=True)
    return checks


def _tool(name: str) -> str:
    return str(_BIN / name)


def _passes(name: str, command: Sequence[str], env: dict[str, str]) -> bool:
    print(f"\n== {name}", flush=True)
    return subprocess.run(command, cwd=PROJECT, env=env).returncode == 0


def bench(args: list[str]) -> int:
    """Run the benchmark script on servers tuned for it."""
    with places.scratch() as folder, services.running("bench", root=folder) as urls:
        env = environment.merged(environment.test(folder), urls, {"PYTHONPATH": str(PROJECT)})
        return subprocess.run([sys.executable, "tests/bench/run.py", *args], cwd=PROJECT, env=env).returncode


def format_code(args: list[str]) -> int:
    """Format Python; what ruff can mend safely is mended."""
    commands = [[_tool("ruff"), "check", "--fix", "."], [_tool("ruff"), "format", "."]]
    return max(subprocess.run(command, cwd=PROJECT).returncode for command in commands)


def messages(args: list[str]) -> int:
    """Collect the texts to translate and compile the catalogues."""
    if not shutil.which("xgettext"):
        raise ServiceError("xgettext is missing: apt-get install gettext")
    (VAR / "messages").mkdir(parents=True, exist_ok=True)
    dummy = {"DATABASE_URL": "postgres://localhost/none", "REDIS_URL": "redis://localhost/0"}
    env = environment.merged(environment.test(VAR / "messages"), dummy)
    collect = ["makemessages", "--all", "--no-obsolete", "--no-location", "--no-wrap"]
    collect += ["--ignore", ".venv", "--ignore", "var", "--ignore", "tests"]
    for step in (collect, ["compilemessages", "--ignore", ".venv", "--ignore", "var"]):
        done = subprocess.run([sys.executable, "manage.py", *step], cwd=PROJECT, env=env)
        if done.returncode:
            return done.returncode
    return 0


def lock(args: list[str]) -> int:
    """Write both lock files; `--upgrade` takes newer versions."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(_BIN))
    if uv is None:
        raise ServiceError("uv is missing: .venv/bin/python -m pip install uv")
    base = [uv, *_COMPILE, "--no-header", "--quiet", *args]
    demo = [*base, "--group", "embedded", "-o", "requirements.lock"]
    dev = [*base, "--group", "dev", "-c", "requirements.lock", "-o", "requirements-dev.lock"]
    return subprocess.run(demo, cwd=PROJECT).returncode or subprocess.run(dev, cwd=PROJECT).returncode


def clean(args: list[str]) -> int:
    """Delete the demo's data, secrets and all caches, unless the demo runs."""
    with places.lock(VAR / "demo.lock") as ours:
        if not ours:
            raise ServiceError("The demo is running; stop it first.")
        if os.geteuid() == 0:
            shutil.rmtree(places.shared_root())
        shutil.rmtree(VAR)
    for name in _CACHES:
        shutil.rmtree(PROJECT / name, ignore_errors=True)
    for top in (path for path in PROJECT.iterdir() if path.is_dir() and not path.name.startswith(".")):
        for cache in top.rglob("__pycache__"):
            shutil.rmtree(cache, ignore_errors=True)
    return 0
