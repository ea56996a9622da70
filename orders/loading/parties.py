"""What orders share: buyers, products, SKUs, creators and parcels, found again or written once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.db import connection, models

from orders.facts import LineFacts, OrderFacts, ParcelFacts, TrackingFacts
from orders.models import (
    Buyer,
    Creator,
    Parcel,
    Product,
    Sku,
    TrackingEvent,
)
from orders.states import ParcelStatus
from sellercenter.copying import take_ids, write_rows
from sellercenter.models import Member, Shop

_FEW = 8


@dataclass(slots=True)
class Known:
    """The ids of buyers, products, SKUs and creators by the platform's ids."""

    products: dict[str, int]
    skus: dict[str, int]
    creators: dict[str, int]
    buyers: dict[str, int] = field(default_factory=dict)


def register_parties(shop: Shop, orders: Sequence[OrderFacts]) -> Known:
    """Return the ids of everybody and everything that the orders name, after writing what the shop lacks."""
    emails = {order.buyer_uid: order.buyer_email for order in orders if order.buyer_email}
    buyers: dict[str, tuple[Any, ...]] = {
        order.buyer_uid: (order.buyer_nickname, emails.get(order.buyer_uid, ""), []) for order in orders
    }
    known = _register_all(shop, [line for order in orders for line in order.lines], buyers)
    reach(shop, emails)
    return known


def reach(shop: Shop, emails: Mapping[str, str]) -> None:
    """Keep the relay addresses of buyers, by their ids at the platform, of whom none is known; others stay."""
    if not emails:
        return
    unknown = Buyer.objects.for_shop(shop).filter(uid__in=[*emails], relay_email="")
    # In one order everywhere, so that two calls at once wait for each other and never in a circle.
    buyers = list(unknown.order_by("pk").select_for_update(no_key=True))
    for buyer in buyers:
        buyer.relay_email = emails[buyer.uid]
    Buyer.objects.bulk_update(buyers, ["relay_email"])


def register_goods(shop: Shop, lines: Sequence[LineFacts]) -> Known:
    """Return the ids of products, SKUs and creators that the lines name, after writing what the shop lacks."""
    return _register_all(shop, lines, {})


def _register_all(shop: Shop, lines: Sequence[LineFacts], buyers: dict[str, tuple[Any, ...]]) -> Known:
    titles: dict[str, tuple[Any, ...]] = {line.product_number: (line.title,) for line in lines}
    packs = {line.sku_number: line for line in lines if line.sku_number}
    hosts: dict[str, tuple[Any, ...]] = {
        line.creator_number: (line.creator_name or line.creator_number,) for line in lines if line.creator_number
    }
    products, skus, creators, people = _find(
        shop,
        *((Product, "number", [*titles]), (Sku, "number", [*packs])),
        *((Creator, "number", [*hosts]), (Buyer, "uid", [*buyers])),
    )
    products = _complete(Product, shop, "number", ("title",), titles, products)
    wanted = {
        number: (products[line.product_number], line.seller_sku, line.variant, line.list_price or line.unit_price)
        for number, line in packs.items()
    }
    return Known(
        products=products,
        skus=_complete(Sku, shop, "number", ("product_id", "code", "variant", "price"), wanted, skus),
        creators=_complete(Creator, shop, "number", ("name",), hosts, creators),
        buyers=_complete(Buyer, shop, "uid", ("nickname", "relay_email", "tags"), buyers, people),
    )


def _complete(
    model: type[models.Model],
    shop: Shop,
    key: str,
    columns: Sequence[str],
    wanted: Mapping[str, tuple[Any, ...]],
    found: dict[str, int],
) -> dict[str, int]:
    """Return the ids of the shop's rows by their outside ids, after writing those that were not found.

    Two calls at once may want the same row: the unique constraint lets one write it, the other one reads it.
    """
    # In one order everywhere, so that two calls at once wait for each other and never in a circle.
    missing = sorted(wanted.keys() - found.keys())
    if missing:
        written = _insert(model, shop, (key, *columns), [(number, *wanted[number]) for number in missing])
        found |= {number: row for (number, _second), row in written.items()}
        found |= _find(shop, (model, key, [number for number in missing if number not in found]))[0]
    return found


def _find(shop: Shop, *wanted: tuple[type[models.Model], str, list[str]]) -> list[dict[str, int]]:
    """Return the ids of the shop's rows by their outside ids, for each (model, key, outside ids), in one round trip."""
    found: list[dict[str, int]] = [{} for _one in wanted]
    queries: list[str] = []
    values: list[Any] = []
    for place, (model, key, numbers) in enumerate(wanted):
        if numbers:
            among, told = _among(numbers)
            queries.append(
                f"SELECT {place}, {key}, id FROM {model._meta.db_table} WHERE shop_id = %s AND {key} {among}"
            )
            values += [shop.pk, told]
    if queries:
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(queries), values)
            for place, number, row in cursor.fetchall():
                found[place][number] = row
    return found


def _among(numbers: list[str]) -> tuple[str, Any]:
    """Return a condition and its value: many texts travel as one JSON text, which psycopg writes faster than an array.

    PostgreSQL plans an array faster than a subquery, which is what counts for the few of a single order.
    """
    if len(numbers) <= _FEW:
        return "= ANY(%s)", numbers
    return "IN (SELECT json_array_elements_text(%s))", json.dumps(numbers, ensure_ascii=False)


def _insert(
    model: type[models.Model], shop: Shop, columns: Sequence[str], rows: list[tuple[Any, ...]]
) -> dict[Any, Any]:
    """Write rows unless others were faster, and return the ids of those written by their first two columns.

    The rows travel as one JSON text: a third of the time of arrays, which psycopg writes in Python.
    """
    types = [cast("models.Field", model._meta.get_field(column)).db_type(connection) for column in columns]
    names = ", ".join(columns)
    typed = ", ".join(f"{column} {kind}" for column, kind in zip(columns, types, strict=True))
    told = json.dumps([dict(zip(columns, row, strict=True)) for row in rows], default=str, ensure_ascii=False)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} (shop_id, {names}) SELECT %s, {names} "
            f"FROM json_to_recordset(%s) AS new ({typed}) "
            f"ON CONFLICT DO NOTHING RETURNING {columns[0]}, {columns[1]}, id",
            [shop.pk, told],
        )
        return {(first, second): row for first, second, row in cursor}


def register_parcels(shop: Shop, parcels: list[ParcelFacts]) -> dict[int, tuple[int, ParcelStatus | str]]:
    """Return the id and the state of the row of each parcel, by the parcel's identity, after writing what is new."""
    numbered: dict[tuple[str, str], ParcelFacts] = {}
    for parcel in parcels:
        if parcel.tracking_no:
            numbered.setdefault((parcel.carrier, parcel.tracking_no), parcel)
    rows = _write_numbered(shop, numbered)
    bare = {id(parcel): parcel for parcel in parcels if not parcel.tracking_no}
    fresh = dict(zip(bare, take_ids((Parcel, len(bare)))[1][0], strict=True)) if bare else {}
    boxes = ((fresh[key], shop.pk, *_parcel_row(parcel)) for key, parcel in bare.items())
    told = [(fresh[key], parcel.tracking) for key, parcel in bare.items()]
    told += [(row, numbered[key].tracking) for key, (row, _state, new) in rows.items() if new]
    write_rows(
        (Parcel, ("id", *_PARCEL), boxes),
        (TrackingEvent, ("parcel", "at", "code", "text", "site", "source"), _tracking_rows(told)),
    )
    known = {id(parcel): rows[parcel.carrier, parcel.tracking_no][:2] for parcel in parcels if parcel.tracking_no}
    return known | {key: (fresh[key], parcel.status) for key, parcel in bare.items()}


_PARCEL = ("shop", "carrier", "tracking_no", "status", "shipped_at", "delivered_at", "last_event_at")


def _parcel_row(parcel: ParcelFacts) -> tuple[Any, ...]:
    news = max((message.at for message in parcel.tracking), default=None)
    return (parcel.carrier, parcel.tracking_no, parcel.status, parcel.shipped_at, parcel.delivered_at, news)


def _write_numbered(
    shop: Shop, parcels: dict[tuple[str, str], ParcelFacts]
) -> dict[tuple[str, str], tuple[int, ParcelStatus | str, bool]]:
    """Write parcels with numbers unless the shop has them; return id, state and whether each is new."""
    if not parcels:
        return {}
    keys = sorted(parcels)
    written = _insert(Parcel, shop, _PARCEL[1:], [_parcel_row(parcels[key]) for key in keys])
    rows: dict[tuple[str, str], tuple[int, ParcelStatus | str, bool]] = {
        key: (row, parcels[key].status, True) for key, row in written.items()
    }
    old = [key for key in keys if key not in rows]
    # Locked, so that the state from which this order's is derived holds until the order is there.
    stored = Parcel.objects.for_shop(shop).filter(tracking_no__in=[number for _carrier, number in old]).order_by("pk")
    for parcel in stored.select_for_update(no_key=True) if old else ():
        rows.setdefault((parcel.carrier, parcel.tracking_no), (parcel.pk, parcel.status, False))
    return rows


def _tracking_rows(told: list[tuple[int, list[TrackingFacts]]]) -> Iterator[tuple[Any, ...]]:
    """Give each message of a carrier once; they like to come twice."""
    for parcel, messages in told:
        once = {(parcel, message.at, message.code, message.text): message.site for message in messages}
        yield from ((*key, site, "") for key, site in once.items())


def authors_of(shop: Shop, orders: Sequence[OrderFacts]) -> dict[str, int]:
    """Return the team's members by the names under which notes may be signed."""
    if not any(order.notes for order in orders):
        return {}
    return dict(Member.objects.for_shop(shop).order_by("pk").values_list("label", "pk"))
