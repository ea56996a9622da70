"""Pages of the after-sales room, where they stand in the navigation, and what waits there."""

from django.db.models import QuerySet

from sellercenter.models import Shop
from sellercenter.navigation import Place

PLACES: list[Place] = []
SETTINGS: list[Place] = []


def waiting(shop: Shop) -> dict[str, QuerySet]:
    """Return what waits behind each counted place, by the place's key."""
    return {}
