"""A mixed crowd of cases, written as rows: pages and lists are tested with it, not how cases come about."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from aftersales.models import Case, CaseLine
from aftersales.states import ENDED, CaseKind, CaseStatus
from orders.models import Order
from sellercenter.models import Shop
from tests import make

KINDS, STATES = [*CaseKind.values[1:], CaseKind.values[0]], list(CaseStatus.values)


def cases(shop: Shop, n: int, **fields: Any) -> list[Case]:
    """Write `n` cases with equal and with missing deadlines, each about one line of an order of its own."""
    told = [make.facts(shop, "delivered", lines=[make.line(f"Tea {i % 3}", quantity=1)]) for i in range(n)]
    found = [case(order, i, **fields) for i, order in enumerate(make.orders(shop, told))]
    return found


def case(order: Order, i: int = 0, **fields: Any) -> Case:
    """Write one case as it stands in the middle of its life."""
    status = fields.get("status", STATES[i % len(STATES)])
    over = status in ENDED
    values: dict[str, Any] = {
        "number": make.number("C"),
        "kind": KINDS[i % len(KINDS)],
        "status": status,
        "act_by": None if over or i % 4 == 3 else make.NOW + timedelta(hours=i % 5 - 1),
        "opened_at": make.NOW - (i % 3) * make.HOUR,
        "ended_at": make.NOW if over else None,
        "reason": ("too_big", "defective", "late")[i % 3],
        "problem": ("size", "defect", "late")[i % 3],
        "fault": ("buyer", "seller", "logistics")[i % 3],
        "buyer_nickname": order.buyer_nickname,
        "goods_amount": Decimal(1 + i % 4),
        **fields,
    }
    own = {"shop": order.shop, "order": order, "buyer_id": order.buyer_id, "currency": order.currency}
    made = Case.objects.create(**own, **values)
    line = order.lines.first()
    CaseLine.objects.create(shop=order.shop, case=made, line=line, quantity=1, amount=made.goods_amount)
    return made
