"""Dispatch `python3 -m deploy <command>`; only the standard library is imported before the bootstrap."""

from __future__ import annotations

import os
import sys

from deploy import bootstrap

COMMANDS = {
    "demo": "start everything with sample data and print the address and the logins",
    "test": "run the tests; further arguments go to pytest",
    "faults": "kill processes, empty Redis and race in full, and print the figures",
    "check": "run the linters, the type checker and the consistency checks",
    "bench": "run the benchmarks; further arguments go to them",
    "format": "format Python and templates",
    "messages": "collect and compile the translations",
    "lock": "resolve the dependencies and write both lock files",
    "clean": "delete the demo's data and all caches",
}


def main(args: list[str]) -> int:
    """Bootstrap the environment that the command needs, enter it, and run the command."""
    if not args or args[0] not in COMMANDS:
        print("\n".join(f"  make {name:<9} {what}" for name, what in COMMANDS.items()))
        return 0 if not args or args[0] in {"help", "-h", "--help"} else 2
    lock = bootstrap.DEMO_LOCK if args[0] in {"demo", "clean"} else bootstrap.DEV_LOCK
    try:
        python = bootstrap.ensure(lock)
    except bootstrap.BootstrapError as error:
        print(error, file=sys.stderr)
        return 1
    if os.path.realpath(sys.prefix) != os.path.realpath(bootstrap.PROJECT / ".venv"):
        os.execv(python, [str(python), "-m", "deploy", *args])
    return _run(args[0], args[1:])


def _run(command: str, args: list[str]) -> int:
    from deploy import chores, demo
    from deploy.places import ServiceError

    os.chdir(bootstrap.PROJECT)
    try:
        return demo.main() if command == "demo" else chores.run(command, args)
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
