"""Two processes import as one would: the same report, in the same order, and nobody stays behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from django.db import OperationalError

from orders.imports import pace, run
from orders.models import Order, OrderLine, Product
from tests.orders.import_files import csv_file, open_shop, row, take

ROOT = Path(__file__).resolve().parents[2]
_T = TypeVar("_T")


def tell(number: int) -> tuple[int, int]:
    """Say who did the work."""
    time.sleep(0.02)
    return number, os.getpid()


def fail_elsewhere(caller: int) -> None:
    """Fail as a database does that is gone, but only in the second process."""
    time.sleep(0.02)
    if os.getpid() != caller:
        raise OperationalError("the server closed the connection")


def die_elsewhere(caller: int) -> None:
    """End the second process as a lack of memory would."""
    time.sleep(0.02)
    if os.getpid() != caller:
        os.kill(os.getpid(), signal.SIGKILL)


def rest(_number: int) -> None:
    """Be busy for a while."""
    time.sleep(0.1)


def test_two_processes_share_the_work_and_answers_come_in_the_order_of_the_file() -> None:
    told = [*pace.side_by_side(tell, iter(range(400)))]
    assert [number for number, _who in told] == [*range(400)]
    assert len({who for _number, who in told}) == 2
    assert multiprocessing.active_children() == []


def test_little_work_stays_here() -> None:
    assert {who for _number, who in pace.side_by_side(tell, iter(range(pace._WORTH_TWO)))} == {os.getpid()}


@pytest.mark.django_db
def test_inside_a_transaction_everything_stays_here() -> None:
    assert {who for _number, who in pace.side_by_side(tell, iter(range(9)))} == {os.getpid()}


def test_a_worker_of_a_pool_has_a_second_process_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)  # type: ignore[attr-defined]
    assert len({who for _number, who in pace.side_by_side(tell, iter(range(200)))}) == 2
    assert multiprocessing.current_process().daemon is True


@pytest.mark.parametrize(("work", "error"), [(fail_elsewhere, OperationalError), (die_elsewhere, RuntimeError)])
def test_what_goes_wrong_in_the_second_process_ends_it_all(work: Callable[[int], None], error: type[Exception]) -> None:
    with pytest.raises(error):
        list(pace.side_by_side(work, iter([os.getpid()] * 1000)))
    assert multiprocessing.active_children() == []


def test_when_the_caller_leaves_in_the_middle_nobody_stays_behind() -> None:
    for number, _who in pace.side_by_side(tell, iter(range(1000))):
        if number == 200:
            break
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_an_import_is_ended_its_second_process_ends_too(how: signal.Signals) -> None:
    # A shell that started the tests in its background may have told its children to ignore Ctrl-C.
    script = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "import django; django.setup(); from orders.imports.pace import side_by_side;"
        "from tests.orders.test_import_pace import rest; list(side_by_side(rest, iter(range(1000))))"
    )
    importer = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, start_new_session=True, stderr=-3)
    try:
        # The second process, and the one by which Python keeps track of what the two share.
        others = _wait(lambda: found if len(found := _children(importer.pid)) == 2 else None)
        time.sleep(0.5)
        # Ctrl-C reaches everybody in the terminal, the other two only the one they are meant for.
        (os.killpg if how == signal.SIGINT else os.kill)(importer.pid, how)
        assert importer.wait(60) != 0
        assert _wait(lambda: not any(map(_lives, others or [])))
    finally:
        if importer.poll() is None:
            os.killpg(importer.pid, signal.SIGKILL)
            importer.wait(60)


@pytest.mark.django_db(transaction=True)
def test_two_processes_give_the_report_that_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "CHUNK", 20)
    rows = [
        row(
            order_no=f"A{order}",
            line_no=str(line),
            payments="",
            product_no=f"P{order % 90}",
            quantity="none" if order % 7 == 3 and line == 2 else "1",
        )
        for order in range(1600)
        for line in (1, 2)
    ]
    one, two = open_shop("south"), open_shop("north")
    (tmp_path / "two").mkdir()
    shared = take(two, csv_file(tmp_path / "two", *rows))
    monkeypatch.setattr(pace, "possible", lambda: False)
    alone = take(one, csv_file(tmp_path, *rows))
    assert (shared.new, shared.rejected, shared.error_rows) == (alone.new, alone.rejected, alone.error_rows)
    assert alone.rejected.orders == 229
    assert Path(shared.errors).read_text(encoding="utf-8-sig") == Path(alone.errors).read_text(encoding="utf-8-sig")
    for model, count in ((Order, alone.new.orders), (OrderLine, alone.new.lines), (Product, 90)):
        assert {model.objects.filter(shop=shop).count() for shop in (one, two)} == {count}


def _wait(found: Callable[[], _T | None]) -> _T | None:
    until = time.monotonic() + 20
    while not (result := found()) and time.monotonic() < until:
        time.sleep(0.05)
    return result


def _children(pid: int) -> list[int]:
    try:
        return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    except FileNotFoundError:
        return []


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
