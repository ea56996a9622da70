"""The real orders and reviews, brought in once for all tests of this folder, and taken away again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from aftersales import review_files
from analytics import rollups
from orders.imports import Report, import_file
from sellercenter.models import Shop, ShopPolicy
from sellercenter.permissions import SYSTEM
from tests.real import olist


def pytest_configure(config: pytest.Config) -> None:
    """Let `-m real` and `-m "not real"` be said."""
    config.addinivalue_line("markers", "real: reads real data sets from SELLERCENTER_DATA")


@pytest.fixture(scope="package")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the data set once as a file in our layout."""
    return olist.write(tmp_path_factory.mktemp("olist") / "olist.csv")


@pytest.fixture(scope="package")
def imported(django_db_setup: None, django_db_blocker: Any, path: Path) -> Iterator[tuple[Shop, Report]]:
    """Import the file once for all tests of this folder, and take it all away again."""
    with django_db_blocker.unblock():
        shop = Shop.objects.create(code="olist", name="Olist", currency=olist.CURRENCY, time_zone=olist.ZONE)
        # Without a time of the shop's own, only orders that were promised one can be late.
        ShopPolicy.objects.create(shop=shop, ship_within=None)
        yield shop, import_file(shop, path, by=SYSTEM)
        sweep()


def sweep() -> None:
    """Empty all tables at once; deleting row by row would take as long as the import."""
    # The cast is written under its own keys, so keys must go on from where they are.
    call_command("flush", interactive=False, verbosity=0, reset_sequences=False)


@pytest.fixture(scope="package")
def reviewed(imported: tuple[Shop, Report], django_db_blocker: Any, path: Path) -> review_files.Report:
    """Bring the reviews in, and work all figures out."""
    shop = imported[0]
    with django_db_blocker.unblock():
        file = olist.write_reviews(path.with_name("reviews.csv"))
        report = review_files.import_file(shop, file, errors=path.with_name("refused.csv"), by=SYSTEM)
        for month in rollups.months(shop):
            rollups.rebuild_month(shop, month)
    return report


@pytest.fixture(scope="session")
def oracle() -> dict[str, Any]:
    """Read the figures that pandas and DuckDB have worked out from the original tables."""
    return json.loads((olist.FOLDER / "oracle" / "olist_oracle.json").read_text(), parse_float=Decimal)


@pytest.fixture
def shop(db: None, imported: tuple[Shop, Report]) -> Shop:
    """Open the shop with the real orders."""
    return imported[0]
