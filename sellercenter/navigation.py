"""The places of the shell: each room lists its own, settings.NAVIGATION says in which order they stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.module_loading import import_string

from sellercenter import money
from sellercenter.counts import standing_counts
from sellercenter.models import Shop
from sellercenter.permissions import Actor
from sellercenter.texts import Text

MOST = 999


@dataclass(frozen=True)
class Place:
    """One entry of the navigation. `query` narrows a list, `counted` shows how much waits there.

    `dock` puts the entry on the phone's bottom bar.
    """

    group: Text
    label: Text
    url_name: str
    icon: str
    permission: str
    query: str = ""
    dock: bool = False
    counted: bool = False

    @property
    def key(self) -> str:
        """The name of the place among those that show a number."""
        return f"{self.url_name}?{self.query}"

    def url(self, shop: Shop) -> str:
        """Return the place's address in a shop."""
        address = reverse(self.url_name, args=[shop.code])
        return f"{address}?{self.query}" if self.query else address


@cache
def places() -> tuple[Place, ...]:
    """Return every place that the installed rooms list."""
    return tuple(place for path in settings.NAVIGATION for place in import_string(path))


def waiting(shop: Shop) -> dict[str, int]:
    """Count what waits behind the counted places, by their keys, up to the cap and in one query."""
    return standing_counts(_waiting, shop=shop)


def shown(shop: Shop, actor: Actor, current: str) -> dict[str, list[dict[str, Any]]]:
    """Return the navigation that this person may use, grouped, and the phone's five places."""
    items = [(place, _item(place, shop, current)) for place in places() if actor.may(place.permission)]
    counts = waiting(shop) if any(place.counted for place, _item in items) else {}
    for place, item in items:
        item["count"] = money.capped(counts[place.key], MOST) if place.counted and counts.get(place.key) else ""
    best = max((item["fit"] for _place, item in items), default=0)
    for _place, item in items:
        item["active"] = 0 < item.pop("fit") == best
    return {"nav": _groups(items), "nav_phone": [item for place, item in items if place.dock][:5]}


def _waiting(shop: Shop) -> dict[str, QuerySet]:
    """Return what waits in every room, by the places' keys."""
    rooms = [import_string(path)(shop) for path in settings.NAVIGATION_COUNTS]
    return {key: rows for room in rooms for key, rows in room.items()}


def _item(place: Place, shop: Shop, current: str) -> dict[str, Any]:
    url = place.url(shop)
    return {"label": str(place.label), "url": url, "icon": place.icon, "count": "", "fit": _fit(url, current)}


def _fit(url: str, current: str) -> int:
    """Say how well a place names where one is: best by its own tab, then by the list, then by its other tabs."""
    path, _mark, query = url.partition("?")
    here, _mark, asked = current.partition("?")
    if here != path and not here.startswith(path + "/"):
        return 0
    if query:
        return 4 * len(path) + 2 if here == path and query in asked.split("&") else 4 * len(path)
    return 4 * len(path) + 1


def _groups(items: Iterable[tuple[Place, dict[str, Any]]]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for place, item in items:
        groups.setdefault(str(place.group), []).append(item)
    return [{"label": label, "items": entries} for label, entries in groups.items()]
