"""What tests of after-sales share: the clock of the orders room."""

from tests.orders.conftest import clock

__all__ = ["clock"]
