"""End process groups whose supervisor was killed, since a worker's own children outlive its death signal.

Runs as a program of its own with nothing but the standard library. Standard input lists the groups:
`+number` came, `-number` went; the end of input means that the supervisor is gone.
"""

from __future__ import annotations

import os
import signal
import sys
import time

GRACE_SECONDS = 1.0


def main() -> None:
    """Wait for the end of input, leave a short grace, and kill what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        groups = groups | {group} if line[0] == "+" else groups - {group}
    if groups:
        time.sleep(GRACE_SECONDS)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


if __name__ == "__main__":
    main()
