"""Make records through the doors of the product, so that constraints hold; numbers count from one in each test."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from aftersales import actions as cases
from aftersales.models import Case
from aftersales.states import CaseKind, CaseStatus
from orders.facts import LineFacts, OrderFacts, ParcelFacts, PaymentFacts, RecipientFacts
from orders.loading import load
from orders.models import Order
from orders.states import CancelledBy, ParcelStatus, PaymentMethod, Status
from sellercenter import shops
from sellercenter.models import Member, Role, Shop, User
from sellercenter.permissions import BUYER, SYSTEM, Actor, StockRole, actor_for

# One moment for everything that is made; pages and the database have their own clock, at most minutes later.
NOW = timezone.now().replace(microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PHONE = "13800138000"
_numbers = count(1)

_UNPAID = (Status.UNPAID,)
_SENT = (Status.SHIPPED, Status.DELIVERED, Status.COMPLETED)
_TIMES: dict[Status, dict[str, Any]] = {
    Status.TO_SHIP: {"reviewed_at": NOW - 20 * HOUR},
    Status.PART_SHIPPED: {"reviewed_at": NOW - 20 * HOUR, "shipped_at": NOW - 10 * HOUR},
    Status.SHIPPED: {"reviewed_at": NOW - 20 * HOUR, "shipped_at": NOW - 10 * HOUR},
    Status.DELIVERED: {"shipped_at": NOW - 10 * HOUR, "delivered_at": NOW - 5 * HOUR},
    Status.COMPLETED: {"shipped_at": NOW - 10 * HOUR, "delivered_at": NOW - 5 * HOUR, "completed_at": NOW - HOUR},
    Status.CANCELLED: {
        "cancelled_at": NOW - HOUR,
        "cancelled_by": CancelledBy.BUYER,
        "cancel_reason": "changed my mind",
    },
}


def restart() -> None:
    """Count from one again."""
    global _numbers
    _numbers = count(1)


def number(prefix: str = "6900") -> str:
    """Return the next number, such as 6900000001."""
    return f"{prefix}{next(_numbers):06d}"


def line(title: str = "Green tea", *, quantity: int = 2, price: str = "10.00", **facts: Any) -> LineFacts:
    """Tell of a line; its product is the one of its title."""
    unit_price = Decimal(price)
    own = {"number": number("L"), "product_number": f"P-{title}"[:64], "sku_number": f"K-{title}"[:64]}
    amount = unit_price * quantity - sum((facts.get(name, Decimal(0)) for name in _DISCOUNTS), Decimal(0))
    return LineFacts(
        **{**own, "title": title, "quantity": quantity, "unit_price": unit_price, "amount": amount, **facts}
    )


_DISCOUNTS = ("platform_discount", "seller_discount", "creator_discount", "payment_discount")


def parcel(tracking_no: str = "", **facts: Any) -> ParcelFacts:
    """Tell of a parcel on its way."""
    return ParcelFacts(**{"carrier": "SF Express", "tracking_no": tracking_no or number("SF"), **facts})


def facts(shop: Shop, status: Status = Status.TO_SHIP, *, lines: Sequence[LineFacts] = (), **fields: Any) -> OrderFacts:
    """Tell of an order, placed a day ago and paid an hour later unless it is unpaid."""
    lines = list(lines) or [line()]
    placed_at = fields.get("placed_at", NOW - DAY)
    told: dict[str, Any] = {
        "number": fields.get("number") or number(),
        "stage": Status.TO_SHIP if status == Status.PART_SHIPPED else status,
        "placed_at": placed_at,
        "paid_at": None if status in _UNPAID else placed_at + HOUR,
        "buyer_uid": "buyer-1",
        "buyer_nickname": "tea lover",
        "currency": shop.currency,
        "goods_amount": sum((one.unit_price * one.quantity for one in lines), Decimal(0)),
        "payment_method": PaymentMethod.ALIPAY,
        "recipient": RecipientFacts("王小明", PHONE, "幸福路 8 号", "510000"),
        "province": "广东",
        "city": "广州",
        "lines": lines,
        **{name: sum((getattr(one, name) for one in lines), Decimal(0)) for name in _DISCOUNTS},
        **_TIMES.get(status, {}),
        **fields,
    }
    if status == Status.PART_SHIPPED:
        told.setdefault("parcels", [parcel(shipped_at=NOW - 10 * HOUR, contents={lines[0].number: 1})])
    order = OrderFacts(**told)
    if order.paid_at and "payments" not in fields:
        paid_by = PaymentMethod(order.payment_method)
        order.payments = [PaymentFacts(paid_by, order.total_amount, order.paid_at, f"T{order.number}")]
    return order


def order(shop: Shop, status: Status = Status.TO_SHIP, *, held: bool = False, **fields: Any) -> Order:
    """Load one order with its history and read it back; `held` stops it as an open case would."""
    return orders(shop, [facts(shop, status, **fields)], held=held)[0]


def orders(shop: Shop, told: Sequence[OrderFacts], *, held: bool = False) -> list[Order]:
    """Load several orders at once and read them back in the same order."""
    ids = load(shop, told, by=SYSTEM, now=NOW)
    if held:
        Order.objects.filter(pk__in=ids.values()).update(held=True)
    found = Order.objects.select_related("shop__policy").in_bulk(ids.values())
    return [found[ids[one.number]] for one in told]


def shipped(shop: Shop, *tracking_nos: str, **fields: Any) -> Order:
    """Load an order that left in parcels of these numbers, each with all of its units but in turn."""
    lines = [line(f"Parcelled {i}", quantity=1) for i, _tracking_no in enumerate(tracking_nos)]
    parcels = [
        parcel(tracking_no, shipped_at=NOW - HOUR, status=ParcelStatus.IN_TRANSIT, contents={one.number: 1})
        for tracking_no, one in zip(tracking_nos, lines, strict=True)
    ]
    return order(shop, Status.SHIPPED, lines=lines, parcels=parcels, **fields)


# The reason that a buyer gives for each kind of case, and the state in which its order is then.
_ASKS: dict[CaseKind, tuple[str, Status]] = {
    CaseKind.CANCEL: ("no_longer_needed", Status.TO_SHIP),
    CaseKind.REFUND: ("defective", Status.DELIVERED),
    CaseKind.RETURN: ("defective", Status.DELIVERED),
    CaseKind.EXCHANGE: ("too_small", Status.DELIVERED),
    CaseKind.RESEND: ("missing_item", Status.DELIVERED),
    CaseKind.PRICE: ("price_dropped", Status.TO_SHIP),
}
# The kind that comes to a state, and by which verbs.
_WAYS: dict[CaseStatus, tuple[CaseKind, tuple[str, ...]]] = {
    CaseStatus.REQUESTED: (CaseKind.REFUND, ()),
    CaseStatus.OFFERED: (CaseKind.REFUND, ("offer",)),
    CaseStatus.TO_RETURN: (CaseKind.RETURN, ("accept_return",)),
    CaseStatus.RETURNING: (CaseKind.RETURN, ("accept_return", "send_back")),
    CaseStatus.TO_INSPECT: (CaseKind.RETURN, ("accept_return", "send_back", "receive")),
    CaseStatus.TO_RESEND: (CaseKind.RESEND, ("accept_resend",)),
    CaseStatus.REFUNDING: (CaseKind.REFUND, ("accept",)),
    CaseStatus.REFUSED: (CaseKind.REFUND, ("refuse",)),
    CaseStatus.DISPUTED: (CaseKind.REFUND, ("refuse", "escalate")),
    CaseStatus.DONE: (CaseKind.RESEND, ("accept_resend", "resent")),
    CaseStatus.WITHDRAWN: (CaseKind.REFUND, ("withdraw",)),
    CaseStatus.CLOSED: (CaseKind.REFUND, ("refuse", "close")),
}
_SAYS: dict[str, dict[str, Any]] = {
    "offer": {"amount": Decimal("0.01")},
    "refuse": {"refusal": "evidence_unclear"},
    "send_back": {"carrier": "SF Express", "tracking_no": "SFBACK1"},
}


def case(
    shop: Shop,
    status: CaseStatus = CaseStatus.REQUESTED,
    *,
    kind: CaseKind | None = None,
    order: Order | None = None,
    units: int | None = None,
    by: Actor = BUYER,
    **facts: Any,
) -> Case:
    """Open a case about the first line of an order, all of its units or so many, and bring it to a state by the verbs.

    Without an `order` one is made that fits the kind; without a `kind` it is one that comes to the state.
    """
    kind = kind or _WAYS[status][0]
    reason, stage = _ASKS[kind]
    bought = order or globals()["order"](shop, stage)
    first = bought.lines.order_by("pk")[0]
    told: dict[str, Any] = {"reason": reason, "lines": {first.pk: units or first.quantity}, **facts}
    if kind == CaseKind.PRICE:
        told.setdefault("amount", Decimal("1.00"))
    opened = cases.open_case(bought, kind=kind, by=by, **told)
    for name in _WAYS[status][1]:
        getattr(cases, name)(opened, by=SYSTEM, **_SAYS.get(name, {}))
    return Case.objects.select_related("shop__policy", "order").get(pk=opened.pk)


def shop(code: str = "third", **facts: Any) -> Shop:
    """Open one more shop with an owner of its own."""
    owner = User.objects.create_user(f"{code}-owner", password="a-long-word-of-pass")
    told = {"name": code.title(), "currency": "USD", "time_zone": "America/New_York", **facts}
    return shops.open_shop(code=code, owner=owner, by=SYSTEM, **told)


def member(shop: Shop, role: StockRole | Role = StockRole.VIEW_ONLY, **facts: Any) -> Member:
    """Add a sub-account to a shop, by its owner."""
    given = role if isinstance(role, Role) else Role.objects.get(shop=shop, stock=role)
    by = actor_for(Member.objects.select_related("user", "role").get(shop=shop, owner=True))
    name = number("person-")
    told = {"username": name, "label": name, "password": "a-long-word-of-pass", **facts}
    return shops.add_member(shop, role=given, by=by, **told)


def role(shop: Shop, *perms: str, name: str = "") -> Role:
    """Make a role of exactly these rights."""
    return Role.objects.create(shop=shop, name=name or number("role-"), perms=[*perms])
