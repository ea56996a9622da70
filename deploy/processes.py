"""Start, find and end operating-system processes without leaving orphans."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Account(NamedTuple):
    """Name the operating-system user that a server runs as."""

    name: str
    uid: int
    gid: int


def spawn(
    args: Sequence[str],
    *,
    env: dict[str, str],
    cwd: Path,
    output: IO[bytes] | int,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process in its own session that gets `death_signal` when this process dies.

    Call it from the main thread: the kernel sends the signal when the *thread* that forked ends.
    """
    return subprocess.Popen(
        list(args),
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_die_with_parent(death_signal),
        **as_account(account),
    )


def as_account(account: Account | None) -> dict[str, Any]:
    """Return the subprocess arguments that drop to `account`, or none at all."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        # The parent may have died before prctl took effect; nobody would signal us then.
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def exited(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether `process` has ended, and end what is left of its group first."""
    if process.returncode is not None:
        return True
    # WNOWAIT keeps the zombie, so its number cannot be given to a stranger before the group is ended.
    try:
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return False
    except ChildProcessError:
        return process.poll() is not None
    signal_group(process, signal.SIGKILL)
    process.wait()
    return True


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal every member of the process group that `process` leads."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def stop(processes: Sequence[subprocess.Popen[bytes]], *, steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """End `processes` together: send each signal, wait its seconds, and SIGKILL the groups at last."""
    alive = [process for process in processes if not exited(process)]
    for number, seconds in steps:
        for process in alive:
            with suppress(ProcessLookupError):
                process.send_signal(number)
        alive = wait_all(alive, seconds=seconds)
    for process in alive:
        signal_group(process, signal.SIGKILL)
    wait_all(alive, seconds=10)


def wait_all(processes: Sequence[subprocess.Popen[bytes]], *, seconds: float) -> list[subprocess.Popen[bytes]]:
    """Wait up to `seconds` and return the processes that are still alive."""
    deadline = time.monotonic() + seconds
    alive = [process for process in processes if not exited(process)]
    while alive and time.monotonic() < deadline:
        time.sleep(0.02)
        alive = [process for process in alive if not exited(process)]
    return alive


def working_in(folder: Path) -> list[int]:
    """Return the numbers of the processes whose working directory is `folder`."""
    wanted = os.path.realpath(folder)
    return [pid for pid in _all_pids() if _cwd(pid) == wanted]


def _all_pids() -> Iterator[int]:
    with suppress(FileNotFoundError):
        yield from (int(name) for name in os.listdir("/proc") if name.isdigit())


def _cwd(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def end_strays(folder: Path, *, number: signal.Signals = signal.SIGQUIT, seconds: float = 8) -> None:
    """End servers of an earlier run that still work in `folder`, and return when they are gone.

    A server makes its data folder its working directory, so this finds ours and nobody else's,
    whatever a pid file claims.
    """
    deadline = time.monotonic() + seconds
    while strays := working_in(folder):
        late = time.monotonic() > deadline
        for pid in strays:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL if late else number)
        if time.monotonic() > deadline + 5:
            raise TimeoutError(f"Processes {strays} still use {folder} and cannot be ended.")
        time.sleep(0.05)
