"""One living demo shop: who wants what now, and letting them do it."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Protocol

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import IntegrityError, InterfaceError, OperationalError, connections
from django.db.models import F, Q
from django.utils.module_loading import import_string

from orders.demo.journeys import Fate
from orders.demo.living.deeds import ON_ORDERS, report, restock
from orders.demo.living.wishes import (
    LIFETIME,
    Standing,
    Travelling,
    Wish,
    life_of,
    wish_of_carrier,
    wishes_of_buyer,
    wishes_of_team,
)
from orders.demo.markets import Market
from orders.demo.tales import Slice, Tales
from orders.facts import OrderFacts
from orders.models import Order, Parcel, ParcelLine, Sku
from orders.placing import place
from orders.states import CancelledBy, ParcelStatus, Status
from sellercenter import money
from sellercenter.lifecycle import Refused
from sellercenter.models import Shop
from sellercenter.permissions import BUYER
from sellercenter.ticks import database_now

_ALIVE = (Status.UNPAID, Status.TO_REVIEW, Status.TO_SHIP, Status.PART_SHIPPED, Status.DELIVERED)
_MOVING = (ParcelStatus.IN_TRANSIT, ParcelStatus.OUT_FOR_DELIVERY, ParcelStatus.PROBLEM)
# How many orders and parcels are looked at in one turn, newest first, and how many deeds it has at most.
_LOOK, _MOST_DEEDS = 1000, 20
# What was done or refused is remembered so long that nobody tries again at once; at most so many of it.
_REMEMBERED, _AGAIN_AFTER = 5000, 60.0
_SHORTEST_WINDOW = timedelta(minutes=10)
# Running numbers of our own orders; those of the demo's past stay as they are, for people to work on.
OURS = r"[5-9]\d{6}$"
# A parcel that was shipped here was written in the same breath; those of the past were told of later.
_AT_ONCE = timedelta(seconds=10)
_BASKETS, _RESTOCK_CHANCE, _RESTOCK_BELOW = 4, 0.01, 2


class Life(Protocol):
    """What people want of a shop besides its orders: another room's part in the living demo."""

    def __init__(self, world: World) -> None: ...

    def wants(self, now: datetime) -> Iterator[tuple[Wish, Callable[[], str]]]:
        """Give wishes with the deeds that fulfil them; a deed returns what is told of it, nothing when it was none."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody just did with the order or SKU of this number, or why they could not."""

    shop: str
    number: str
    said: str
    refused: bool = False


class World:
    """A demo shop whose buyers and carriers live `speed` times as fast as in life, and its team too with `staff`."""

    def __init__(self, market: Market, *, speed: float, seed: str, staff: bool) -> None:
        self.market, self.speed, self.staff = market, speed, staff
        self.shop = Shop.objects.select_related("policy").get(code=market.code)
        self.rng = Random(f"world {seed} {market.code}")
        self.tales = Tales(Slice(market, 0, 1, 0), seed=self.rng.randrange(1 << 30), until=database_now(), authors=[])
        self.tales.buyers = self.rng.randrange(2000)
        self.serial = self.rng.randrange(5_000_000, 9_000_000)
        self.tried: OrderedDict[tuple[str, int], float] = OrderedDict()
        self.lives: list[Life] = [import_string(path)(self) for path in settings.DEMO_LIVES]

    def place(self, fate: Fate | None = None) -> Deed:
        """Let a buyer place an order, one who is in for `fate` if it is given."""
        now = database_now()
        number = self._next_number(now, fate)
        order = self._basket(number, now)
        forgetful = " (this buyer will forget to pay)" if life_of(number).fate == Fate.EXPIRES else ""
        total, units = money.text(order.total_amount, order.currency), sum(line.quantity for line in order.lines)
        said = f"buyer orders {units} for {total}{forgetful}"
        return self._try(number, said, partial(self._place, order, said))

    def turn(self, stop: Callable[[], bool] = bool) -> Iterator[Deed]:
        """Let everybody do what they want by now, longest due first; ends early when `stop` says so."""
        now = database_now()
        due: list[tuple[Wish, Callable[[], str]]] = [*self._of_orders(now), *self._of_parcels(now)]
        due += [wanted for life in self.lives for wanted in life.wants(now)]
        due = [(wish, act) for wish, act in due if wish.due <= now and self._fresh(wish)]
        touched: set[str] = set()
        for wish, act in sorted(due, key=lambda one: one[0].due)[:_MOST_DEEDS]:
            if stop():
                return
            # What somebody else wanted of the same order may make no sense any more: look again next time.
            if wish.number in touched:
                continue
            touched.add(wish.number)
            deed = self._try(wish.number, wish.deed.replace("_", " "), act)
            self._remember(wish, deed)
            if deed.said:
                yield deed
        if self.staff and self.rng.random() < _RESTOCK_CHANCE:
            yield from self._restock()

    def _place(self, order: OrderFacts, said: str) -> str:
        place(self.shop, order, by=BUYER)
        return said

    def _next_number(self, now: datetime, fate: Fate | None) -> str:
        while True:
            self.serial += 1
            number = self.tales.number(now, self.serial)
            if fate in (None, life_of(number).fate):
                return number

    def _basket(self, number: str, now: datetime) -> OrderFacts:
        """Fill a basket; who sees that something is sold out mostly takes something else."""
        left = dict(Sku.objects.for_shop(self.shop).filter(tracked=True).values_list("number", "available"))
        for _basket in range(_BASKETS):
            order = self.tales.now(number, life_of(number).fate, now)
            if all(left.get(line.sku_number, line.quantity) >= line.quantity for line in order.lines):
                break
        return order

    def _of_orders(self, now: datetime) -> Iterator[tuple[Wish, Callable[[], str]]]:
        """Give what is wanted with the newest of our own orders."""
        since = now - max(LIFETIME / self.speed, _SHORTEST_WINDOW)
        alive = Q(status__in=_ALIVE) | Q(status=Status.CANCELLED, cancelled_by=CancelledBy.SYSTEM)
        alive &= Q(number__regex=OURS)
        names = ("pk", "number", "status", "status_at", "paid_at", "cancel_requested_at", "cancelled_by", "held")
        orders = Order.objects.for_shop(self.shop).filter(alive, placed_at__gte=since)
        for row in orders.order_by("-placed_at", "-pk").values_list(*names)[:_LOOK]:
            order = Standing(*row)
            wishes = [*wishes_of_buyer(order, self.speed)]
            wishes += wishes_of_team(order, self.speed) if self.staff else ()
            yield from ((wish, partial(self._with_order, wish)) for wish in wishes)

    def _with_order(self, wish: Wish) -> str:
        order = Order.objects.select_related("shop__policy").get(pk=wish.subject)
        return ON_ORDERS[wish.deed](order, self.market)

    def _of_parcels(self, now: datetime) -> Iterator[tuple[Wish, Callable[[], str]]]:
        """Give the next scan of each parcel that somebody shipped here lately, whoever it was."""
        since = now - max(LIFETIME / self.speed, _SHORTEST_WINDOW)
        here = {"parcel__created_at__lte": F("parcel__shipped_at") + _AT_ONCE, "parcel__status__in": _MOVING}
        inside = ParcelLine.objects.filter(shop=self.shop, order__shipped_at__gte=since, **here)
        about = ("order__number", "order__province", "order__city", "parcel__shipped_at")
        rows = inside.order_by("parcel", "order").values_list("parcel", *about).distinct()
        codes_told = ArrayAgg("parcel__events__code", distinct=True, filter=Q(parcel__events__isnull=False))
        seen = set()
        for parcel, number, province, city, sent, codes in rows.annotate(told=codes_told)[:_LOOK]:
            moving = Travelling(parcel, number, province, sent, tuple(codes or ()))
            next_scan = wish_of_carrier(moving, self.speed) if sent and parcel not in seen else None
            seen.add(parcel)
            if next_scan:
                wish, code = next_scan
                yield wish, partial(self._with_parcel, wish, code, city)

    def _with_parcel(self, wish: Wish, code: str, city: str) -> str:
        parcel = Parcel.objects.get(pk=wish.subject)
        return report(parcel, self.market, code, city=city, at=database_now())

    def _restock(self) -> Iterator[Deed]:
        """Fill up one of the SKUs that are nearly gone."""
        low = Sku.objects.for_shop(self.shop).filter(tracked=True, available__lt=_RESTOCK_BELOW).select_related("shop")
        for sku in low.order_by("?")[:1]:
            yield self._try(sku.code or sku.number, "take in goods", partial(restock, sku, self.market, self.rng))

    def _try(self, number: str, what: str, act: Callable[[], str]) -> Deed:
        """Do it, and tell of it; what the shop, the rights or the database refuse is told as well."""
        try:
            return Deed(self.market.code, number, act())
        except (Refused, PermissionDenied) as refusal:
            why = str(refusal)
        except (OperationalError, InterfaceError) as error:
            connections.close_all()
            why = f"the database does not answer as it should ({type(error).__name__})"
        except (IntegrityError, ObjectDoesNotExist) as error:
            why = f"somebody was faster ({type(error).__name__})"
        return Deed(self.market.code, number, f"{what}: refused. {why}", refused=True)

    def _fresh(self, wish: Wish) -> bool:
        return self.tried.get((wish.deed, wish.subject), 0.0) <= time.monotonic()

    def _remember(self, wish: Wish, deed: Deed) -> None:
        """Keep from when on the same may be tried again: scans at once, refusals later, what is done never."""
        if wish.deed == "scan" and not deed.refused:
            return
        again = time.monotonic() + _AGAIN_AFTER if deed.refused else float("inf")
        self.tried[wish.deed, wish.subject] = again
        self.tried.move_to_end((wish.deed, wish.subject))
        if len(self.tried) > _REMEMBERED:
            self.tried.popitem(last=False)
