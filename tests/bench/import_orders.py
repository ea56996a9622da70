"""How fast a file of orders comes in and how much memory that takes: Olist where it is, made-up lines elsewhere.

Run it alone with `python -m tests.bench.import_orders`; it needs DATABASE_URL and a database that it may write to.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.bench.figures import figure
from tests.real import olist

ROOT = Path(__file__).resolve().parents[2]
LEAST_SPEED, MOST_MEMORY = 3000, 300
MADE_UP = 20_000


def figures() -> Iterator[dict[str, object]]:
    """Yield lines per second, from start to exit of a process of its own, and that process's peak of memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.csv"
        data = "olist" if olist.present() else "made up"
        # Each in a process of its own: a child's peak of memory starts from its parent's.
        _run("write", path)
        found = json.loads(_run("import", path).splitlines()[-1])
        found |= json.loads(_run("page", path).splitlines()[-1])
    speed, memory = found["lines"] / found["seconds"], found["megabytes"]
    yield figure(f"import of orders: lines per second ({data})", speed, "lines/s", target=LEAST_SPEED, more=True)
    yield figure(f"import of orders: peak memory, both processes ({data})", memory, "MB", target=MOST_MEMORY)
    for phase in ("check", "apply"):
        speed = found["page_lines"] / found[phase]
        yield figure(
            f"import centre: lines per second, {phase} ({data})", speed, "lines/s", target=LEAST_SPEED, more=True
        )


def _run(step: str, path: Path) -> str:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "sellercenter.settings"}
    command = [sys.executable, "-m", "tests.bench.import_orders", step, str(path)]
    return subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


def _write(path: Path) -> None:
    if olist.present():
        olist.write(path)
    else:
        _make_up(path)


def _make_up(path: Path) -> None:
    """Write orders of one line each, in the columns that the real data have."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(olist.COLUMNS)
        for number in range(MADE_UP):
            at = f"2018-{number % 12 + 1:02d}-{number % 28 + 1:02d} {number % 24:02d}:{number % 60:02d}:00"
            name = f"{number:032x}"
            writer.writerow(
                [
                    *(name, "completed", "delivered", at, at, at, at, "", at, f"b{number % 15000}", "SP", "sao paulo"),
                    *("01000", olist.CURRENCY, "card=39.90", "1", f"p{number % 3000}", "mug", "1", "29.90", "10.00"),
                    *(at, at),
                ]
            )


def _import(path: Path) -> None:
    """Import one file into a new shop and print what it took."""
    shop = _shop()
    from orders.imports import import_file
    from sellercenter.permissions import SYSTEM

    began = time.perf_counter()
    report = import_file(shop, path, by=SYSTEM)
    seconds = time.perf_counter() - began
    # The second process works beside this one, so its peak comes on top.
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"lines": report.new.lines, "seconds": seconds, "megabytes": peak / 1024}))


def _page(path: Path) -> None:
    """Bring one file by the import centre's own verbs and jobs, and print how long each phase took."""
    shop = _shop()
    from django.core.files.uploadedfile import TemporaryUploadedFile

    from sellercenter import import_files, jobs
    from sellercenter.models import ImportFile
    from sellercenter.permissions import SYSTEM

    upload = TemporaryUploadedFile("orders.csv", "text/csv", path.stat().st_size, None)
    upload.write(path.read_bytes())
    upload.seek(0)
    file = import_files.receive(shop, upload, title="orders.csv", by=SYSTEM, member=None)
    taken = {"check": _timed(jobs.run_files)}
    import_files.agree(ImportFile.objects.get(pk=file.pk), by=SYSTEM, member=None)
    taken["apply"] = _timed(jobs.run_files)
    file.refresh_from_db()
    print(json.dumps({**taken, "page_lines": file.outcome["new"]["rows"]}))


def _timed(run: Callable[[int], object]) -> float:
    began = time.perf_counter()
    run(1)
    return time.perf_counter() - began


def _shop() -> Any:
    """Set Django up and make a new shop."""
    import django

    django.setup()
    from sellercenter.models import Shop, ShopPolicy

    code = f"bench-{time.time_ns()}"
    shop = Shop.objects.create(code=code, name=code, currency=olist.CURRENCY, time_zone=olist.ZONE)
    ShopPolicy.objects.create(shop=shop)
    return shop


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", place]:
            _write(Path(place))
        case ["import", place]:
            _import(Path(place))
        case ["page", place]:
            _page(Path(place))
        case _:
            for one in figures():
                print(json.dumps(one))
