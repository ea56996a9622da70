"""What tests of after-sales share: the clock of the orders room, and a look at what must hold when a test has ended."""

from collections.abc import Iterator

import pytest

from sellercenter import invariants
from tests.orders.conftest import clock

__all__ = ["clock", "everything_holds"]


@pytest.fixture
def everything_holds(db: None) -> Iterator[None]:
    """Check all invariants once the test is over."""
    yield
    assert invariants.check() == []
