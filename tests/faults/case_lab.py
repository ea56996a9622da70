"""Many open cases at once for the laboratory, written as rows, with all that the verbs would have written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from aftersales.models import Case, CaseLine
from orders.models import OrderLine
from orders.states import Status
from sellercenter.copying import take_ids, write_rows
from sellercenter.models import Event, Shop
from tests import make
from tests.faults.lab import run

_CASE = (
    *("id", "shop", "order", "buyer", "number", "kind", "status", "reason", "problem", "fault", "currency"),
    *("goods_amount", "freight_amount", "words", "refusal", "refusal_words", "coupon", "return_carrier"),
    *("return_tracking_no", "override_note", "decided_by_rule", "buyer_nickname", "pause_reason", "due_step"),
    *("opened_by", "act_by"),
)
_EMPTY = ("",) * 11
_EVENT = ("shop", "kind", "subject_type", "subject_id", "actor_kind", "actor_label", "data")
_BATCH = 1000


def cases_for(shop: Shop, many: int) -> list[int]:
    """Open cases about delivered orders, each for all of its money, whose deadline is a day away; return their keys."""
    found: list[int] = []
    for start in range(0, many, _BATCH):
        told = [
            make.facts(shop, Status.DELIVERED, lines=[make.line(f"Tea {i % 50}", quantity=1)])
            for i in range(start, min(many, start + _BATCH))
        ]
        orders = [order.pk for order in make.orders(shop, told)]
        found += _open(shop, orders)
    run("ANALYZE aftersales_case")
    return found


@transaction.atomic
def _open(shop: Shop, orders: list[int]) -> list[int]:
    lines = OrderLine.objects.filter(order__in=orders).order_by("order")
    rows = list(lines.values_list("pk", "order", "amount", "order__buyer"))
    now, [keys] = take_ids((Case, len(rows)))
    write_rows(
        (Case, _CASE, [_case(shop, key, row, now) for key, row in zip(keys, rows, strict=True)]),
        (
            CaseLine,
            ("shop", "case", "line", "quantity", "amount"),
            [(shop.pk, key, line, 1, amount) for key, (line, _order, amount, _buyer) in zip(keys, rows, strict=True)],
        ),
        (Event, _EVENT, [_opened(shop, key, row[2]) for key, row in zip(keys, rows, strict=True)]),
    )
    run("UPDATE orders_order SET aftersales = 'open' WHERE id = ANY(%s)", orders)
    put_off(keys)
    return keys


def _case(shop: Shop, key: int, row: tuple[int, int, Decimal, int], now: datetime) -> tuple[Any, ...]:
    _line, order, amount, buyer = row
    words = ("refund", "requested", "defective", "defect", "seller", shop.currency)
    return key, shop.pk, order, buyer, f"C-{key}", *words, amount, 0, *_EMPTY, "buyer", None


def _opened(shop: Shop, key: int, amount: Decimal) -> tuple[Any, ...]:
    data = {"before": "", "after": "requested", "amount": str(amount)}
    return shop.pk, "case.opened", "case", key, "buyer", "buyer", json.dumps(data).encode()


def put_off(ids: Iterable[int]) -> None:
    """Let the cases wait for a day."""
    make_due(ids, first=24 * 3600)


def make_due(ids: Iterable[int], *, first: float = 0.0, over: float = 0.0, step: str = "consent") -> None:
    """Let silence decide the cases from `first` seconds from now on, spread over so many seconds."""
    run(
        "UPDATE aftersales_case SET act_by = planned.at, due_at = planned.at, due_step = %s, due_later = '[]'"
        " FROM (SELECT id, now() + make_interval(secs => %s + %s * random()) AS at FROM unnest(%s::bigint[]) AS id)"
        " planned WHERE planned.id = aftersales_case.id",
        *(step, first, over, list(ids)),
    )


def waiting(ids: list[int]) -> int:
    """Count the cases whose step is due and was not taken."""
    return int(run("SELECT count(*) FROM aftersales_case WHERE id = ANY(%s) AND due_at <= now()", ids)[0][0])


def happened(ids: Iterable[int], *kinds: str) -> dict[int, list[tuple[str, datetime]]]:
    """Return which events of these kinds happened to each case to which one did, and when."""
    found: dict[int, list[tuple[str, datetime]]] = {}
    rows = run(
        "SELECT subject_id, kind, at FROM sellercenter_event WHERE subject_type = 'case' AND subject_id = ANY(%s)"
        " AND kind = ANY(%s) ORDER BY id",
        *(list(ids), list(kinds)),
    )
    for pk, kind, at in rows:
        found.setdefault(pk, []).append((kind, at))
    return found
