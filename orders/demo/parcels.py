"""Parcels of the demo and what their carriers said on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from orders.demo.journeys import Fate, Journey
from orders.demo.markets import Customer, Market
from orders.facts import LineFacts, ParcelFacts, TrackingFacts
from orders.models import OrderLine
from orders.states import ParcelStatus

_LETTERS = {
    "顺丰速运": "SF",
    "中通快递": "ZT",
    "圆通速递": "YT",
    "京东物流": "JD",
    "Royal Mail": "RM",
    "DPD": "DP",
    "Evri": "EV",
}


def pack(
    rng: Random,
    market: Market,
    journey: Journey,
    lines: list[LineFacts],
    buyer: Customer,
    *,
    serial: int,
    until: datetime,
) -> list[ParcelFacts]:
    """Return the parcels in which an order has left so far: one, or two when it was split."""
    if journey.shipped is None:
        return []
    if journey.fate != Fate.SPLIT:
        return [_parcel(rng, market, journey, buyer, sent=journey.shipped, number=serial * 2, until=until)]
    first, rest = halves(lines)
    own = journey.shipped + timedelta(hours=31)
    early = replace(journey, delivered=own if own <= until else None)
    parcels = [_parcel(rng, market, early, buyer, sent=journey.shipped, number=serial * 2, until=until)]
    parcels[0].contents = first
    if journey.second:
        parcels.append(_parcel(rng, market, journey, buyer, sent=journey.second, number=serial * 2 + 1, until=until))
        parcels[1].contents = rest
    return parcels


def shared(parcel: ParcelFacts) -> ParcelFacts:
    """Return a parcel as another order in it tells of it: whole, and without its history."""
    return replace(parcel, contents={}, tracking=[])


def halves(lines: Sequence[LineFacts | OrderLine]) -> tuple[dict[str, int], dict[str, int]]:
    """Divide an order's units over two parcels: by lines, or the units of its only line."""
    if len(lines) > 1:
        return {lines[0].number: lines[0].quantity}, {line.number: line.quantity for line in lines[1:]}
    return {lines[0].number: 1}, {lines[0].number: lines[0].quantity - 1}


def _parcel(
    rng: Random, market: Market, journey: Journey, buyer: Customer, *, sent: datetime, number: int, until: datetime
) -> ParcelFacts:
    carrier = market.carriers.spin(rng)
    arrives = journey.delivered or _expected(rng, journey, sent, until)
    told = [each for each in messages(rng, journey.fate, buyer.province, sent, arrives) if each[0] <= until]
    return ParcelFacts(
        carrier=carrier,
        tracking_no=tracking_no(market, carrier, number),
        status=_status(journey, [code for _at, code in told]),
        shipped_at=sent,
        delivered_at=journey.delivered,
        tracking=[scan(market, code, buyer.city, at=at) for at, code in told],
    )


def tracking_no(market: Market, carrier: str, number: int) -> str:
    """Return the tracking number of the shop's parcel with this running number, up to a thousand million."""
    # 9 digits are mixed up by a step that keeps them apart.
    return f"{_LETTERS[carrier]}{market.prefix}{number * 387_420_489 % 1_000_000_007:010}"


def scan(market: Market, code: str, city: str, *, at: datetime) -> TrackingFacts:
    """Say what a carrier says of a parcel for this city."""
    place = {"city": city, "home": market.home}
    return TrackingFacts(at, code, market.words.TRACKING[code].format_map(place), _site(code, place))


def _expected(rng: Random, journey: Journey, sent: datetime, until: datetime) -> datetime:
    """Return when a parcel would arrive that has not: soon, unless it never will."""
    usual = sent + timedelta(hours=60)
    return (
        usual
        if journey.fate in (Fate.LOST, Fate.REFUSED)
        else max(usual, until + timedelta(hours=1 + rng.random() * 30))
    )


def _site(code: str, place: dict[str, str]) -> str:
    return place["home"] if code in ("info", "picked_up", "returned") else place["city"]


def messages(
    rng: Random, fate: Fate, province: str, sent: datetime, arrives: datetime
) -> Iterator[tuple[datetime, str]]:
    """Give what the carrier reports between pick-up and the end, each with its time."""
    way = arrives - sent
    yield sent + timedelta(minutes=20 + int(rng.random() * 200)), "picked_up"
    yield sent + way * 0.45, "customs" if province in ("Northern Ireland", "新疆维吾尔自治区") else "hub"
    if fate == Fate.LOST:
        yield sent + timedelta(days=6), "lost"
        return
    if fate == Fate.MISSED:
        yield arrives - timedelta(hours=22), "attempt_failed"
    yield arrives - timedelta(hours=3), "out_for_delivery"
    if fate == Fate.REFUSED:
        yield arrives, "attempt_failed"
        yield arrives + timedelta(hours=20), "returning"
        yield arrives + timedelta(days=4), "returned"
        return
    yield arrives, "delivered"


_LAST_WORD = {
    "out_for_delivery": ParcelStatus.OUT_FOR_DELIVERY,
    "attempt_failed": ParcelStatus.PROBLEM,
    "returning": ParcelStatus.PROBLEM,
    "returned": ParcelStatus.RETURNED,
    "lost": ParcelStatus.LOST,
}


def _status(journey: Journey, codes: list[str]) -> ParcelStatus:
    """Return the parcel's state: what its last message says, or delivered when the order is."""
    if journey.delivered:
        return ParcelStatus.DELIVERED
    return _LAST_WORD.get(codes[-1] if codes else "", ParcelStatus.IN_TRANSIT)
