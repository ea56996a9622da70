"""Each fault test gets a laboratory, may report figures, and ends with every invariant asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from deploy import places
from deploy.services import Valkey
from tests.bench.figures import figure
from tests.faults import lab as laboratory
from tests.faults.lab import FULL, SEED, Lab, all_is_well

FIGURES: list[dict[str, Any]] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder; whoever asks for `-m "not faults"` is spared."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """A Valkey that nobody else uses, because it will be emptied and killed."""
    with places.scratch() as folder:
        server = Valkey(folder, profile="test")
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def lab(request: pytest.FixtureRequest, transactional_db: None, valkey: Valkey, tmp_path: Path) -> Iterator[Lab]:
    """The laboratory; at the end nothing runs any more, and every invariant must hold."""
    made = Lab(valkey, tmp_path)
    laboratory.quietly(made.client().flushall)
    try:
        yield made
        made.close()
        all_is_well()
    finally:
        print(made.said())
        made.close()
        # Whoever was killed in the middle of a statement may hold its locks for one moment more.
        connection.close()


@pytest.fixture
def report() -> Callable[..., None]:
    """Report a figure; its target counts in the full form only, where nothing else runs."""

    def add(name: str, value: float, unit: str, floor: float | None = None, **target: Any) -> None:
        FIGURES.append(figure(name, value, unit, floor, **target))
        assert FIGURES[-1]["ok"] or not FULL, FIGURES[-1]

    return add


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the figures as a table."""
    if not FIGURES:
        return
    terminalreporter.section(f"figures, {'full' if FULL else 'short'} form, seed {SEED}")
    for one in FIGURES:
        floor = "" if one["floor"] is None else f"floor {one['floor']:,.0f}, ratio {one['ratio']:.2f}"
        target = "" if one["target"] is None else f"target {one['target']:g}{'' if one['ok'] else ' MISSED'}"
        terminalreporter.write_line(f"{one['name']:<62} {one['value']:>10,.2f} {one['unit']:<9} {floor:<28} {target}")
