"""Files written by an export's plan, without a job, and sixty orders that hold everything a layout has to carry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

from django.utils import timezone

from orders.exports import ORDERS
from orders.facts import LineFacts, OrderFacts, ParcelFacts, PaymentFacts, RecipientFacts
from orders.states import (
    Abnormal,
    AfterSales,
    CancelledBy,
    Kind,
    ParcelStatus,
    PaymentMethod,
    Source,
    Status,
)
from sellercenter.exports.making import Plan, write
from sellercenter.imports import open_table
from sellercenter.models import FileForm, Shop

HOSTILE = (
    *("=1+1", "+49 30", "@SUM(A1)", "'quoted", '"a","b"', "a;b=c@d#e", "two\nlines", "two\r\nlines", "a\tb"),
    *("<b>&amp;</b>", "#sd-export:1", "--", "０１２", "茶 🍵", "\\N", "_x0041_", "1.5E+17", "%s %d", "NULL"),
)
# The clocks of Sao Paulo showed the hour from 23:00 twice on this evening: UTC-2, then UTC-3.
TWICE = (datetime(2017, 2, 19, 1, 30, tzinfo=UTC), datetime(2017, 2, 19, 2, 30, tzinfo=UTC))
_AT = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_files = count(1)


def plan(shop: Shop, layout: str, *, form: FileForm = FileForm.CSV, plain: bool = False, query: str = "") -> Plan:
    """Return the plan of a file in one of the layouts of orders."""
    found = ORDERS.layout(layout)
    how = {"query": query, "days": 0, "form": form, "plain": plain, "who": "tests", "now": timezone.now()}
    return Plan(shop=shop, source=ORDERS, layout=found, columns=found.named(()), **how)


def exported(folder: Path, shop: Shop, layout: str, **how: object) -> Path:
    """Write a file in one of the layouts of orders and return its path."""
    made = plan(shop, layout, **how)  # type: ignore[arg-type]
    return write(made, folder / f"{layout}-{next(_files)}.{made.form}", lambda _done, _of: None)[0].path


def table(path: Path) -> list[list[str]]:
    """Read the rows of a file as the import reads them, the header first."""
    with open_table(path, trusted=True) as found:
        return [cells for _number, cells in found.rows()]


def records(path: Path) -> list[dict[str, str]]:
    """Read the rows of a file by the names in its header."""
    header, *rows = table(path)
    return [dict(zip(header, cells, strict=True)) for cells in rows]


# --- Orders -----------------------------------------------------------------------------------------------------------


def line(place: int, price: str = "10.00", quantity: int = 2, **facts: object) -> LineFacts:
    """Tell of a line of a product of its own price."""
    unit, tax = Decimal(price), Decimal(str(facts.get("tax_amount", 0)))
    taken = [Decimal(str(facts.get(f"{who}_discount", 0))) for who in ("platform", "seller", "creator", "payment")]
    told = {"number": str(place), "product_number": f"P{place}", "title": f"Tea {place}", "sku_number": f"K{place}"}
    amount = unit * quantity - sum(taken) + tax
    return LineFacts(**{**told, "quantity": quantity, "unit_price": unit, "amount": amount, **facts})  # type: ignore[arg-type]


def order(shop: Shop, number: str, stage: Status, lines: list[LineFacts], **facts: object) -> OrderFacts:
    """Tell of an order that its buyer paid in full, if the stage says so; its sums are those of its lines."""
    sums = {
        name: sum((getattr(one, name) for one in lines), Decimal(0))
        for name in (
            *("platform_discount", "seller_discount", "creator_discount", "payment_discount"),
            *("freight_amount", "tax_amount"),
        )
    }
    told = {
        "number": number,
        "stage": stage,
        "placed_at": _AT,
        "buyer_uid": f"u-{number}",
        "buyer_nickname": f"buyer {number}",
        "currency": shop.currency,
        "goods_amount": sum((one.unit_price * one.quantity for one in lines), Decimal(0)),
        "paid_at": None if stage == Status.UNPAID else _AT + _HOUR,
        "payment_method": PaymentMethod.CARD,
        "recipient": RecipientFacts("Ana Souza", "11987654321", "Rua das Flores 8", "01310100"),
        "province": "SP",
        "city": "Sao Paulo",
        "lines": lines,
        **sums,
        **facts,
    }
    made = OrderFacts(**told)  # type: ignore[arg-type]
    if made.paid_at and "payments" not in facts:
        made.payments = [
            PaymentFacts(PaymentMethod(made.payment_method), made.total_amount, made.paid_at, f"T{number}")
        ]
    return made


def parcel(number: str = "", status: ParcelStatus = ParcelStatus.IN_TRANSIT, **contents: int) -> ParcelFacts:
    """Tell of a parcel with so many units of lines, each named `line_1` and so on; without any it holds everything."""
    left = None if status == ParcelStatus.READY else _AT + 2 * _HOUR
    there = _AT + 9 * _HOUR if status == ParcelStatus.DELIVERED else None
    units = {name.removeprefix("line_"): many for name, many in contents.items()}
    return ParcelFacts("Correios" if number else "", number, status, left, there, units)


def states(shop: Shop) -> list[OrderFacts]:
    """Tell of orders in every state, with and without parcels, split, gone in part, ended in part."""
    ready, way, there, lost = (
        *(ParcelStatus.READY, ParcelStatus.IN_TRANSIT, ParcelStatus.DELIVERED),
        ParcelStatus.LOST,
    )
    sent = {"shipped_at": _AT + 2 * _HOUR, "reviewed_at": _AT + _HOUR}
    arrived = {**sent, "delivered_at": _AT + 9 * _HOUR}
    done = {**arrived, "completed_at": _AT + 20 * _HOUR}
    ended = {"cancelled_at": _AT + _HOUR, "cancelled_by": CancelledBy.BUYER, "cancel_reason": "Changed my mind"}
    one, two = [line(1)], [line(1), line(2, "7.55", 3)]
    told: list[tuple[Status, list[LineFacts], dict[str, object]]] = [
        (Status.UNPAID, one, {}),
        (Status.UNPAID, [], {"goods_amount": Decimal("12.30")}),
        (Status.TO_REVIEW, two, {}),
        (Status.TO_SHIP, one, {"reviewed_at": _AT + _HOUR, "cancel_requested_at": _AT + 2 * _HOUR}),
        (Status.TO_SHIP, one, {"parcels": [parcel("BR00000001", ready)]}),
        (Status.TO_SHIP, two, {"parcels": [parcel("BR00000002", way, line_1=2)]}),
        (Status.TO_SHIP, one, {"parcels": [parcel("BR00000003", way, line_1=1)]}),
        (Status.SHIPPED, two, sent),
        (
            Status.SHIPPED,
            two,
            {**sent, "parcels": [parcel("BR00000004", line_1=1, line_2=3), parcel("BR00000005", lost, line_1=1)]},
        ),
        (Status.SHIPPED, one, {"parcels": [parcel("BR10000001", there, line_1=1), parcel("BR10000002", line_1=1)]}),
        (
            Status.TO_SHIP,
            one,
            {"parcels": [parcel("BR20000001", there, line_1=1), parcel("BR20000002", ready, line_1=1)]},
        ),
        (Status.SHIPPED, one, {}),
        (Status.SHIPPED, [], sent),
        (Status.SHIPPED, [line(1), line(2, cancelled=True, cancel_reason="Sold out")], sent),
        (Status.DELIVERED, two, {**arrived, "parcels": [parcel("BR00000006", there)]}),
        (Status.DELIVERED, two, {"delivered_at": _AT + 9 * _HOUR}),
        (Status.DELIVERED, two, arrived),
        (Status.COMPLETED, two, done),
        (Status.COMPLETED, one, {"completed_at": _AT + 20 * _HOUR}),
        (Status.COMPLETED, two, {**done, "refunded_amount": Decimal("3.10"), "aftersales": AfterSales.CLOSED}),
        (Status.CANCELLED, two, ended),
        (Status.CANCELLED, one, {**ended, "paid_at": None, "cancelled_by": CancelledBy.SYSTEM}),
        (Status.CANCELLED, one, {**ended, **arrived, "refunded_amount": Decimal("20.00")}),
        (Status.CANCELLED, [], {**ended, "goods_amount": Decimal("5.00")}),
        (Status.TO_SHIP, [line(1), line(2, cancelled=True)], {"aftersales": AfterSales.OPEN}),
    ]
    return [order(shop, f"S{place:03d}", stage, lines, **facts) for place, (stage, lines, facts) in enumerate(told, 1)]


def amounts(shop: Shop) -> list[OrderFacts]:
    """Tell of orders with gifts, creators, several payments, price changes, and discounts of lines and of orders."""
    live = {"creator_number": "dy-7", "creator_name": "李雷", "room": "R1", "video": "V1"}
    shares = {
        "platform_discount": Decimal("1.00"),
        "seller_discount": Decimal("0.55"),
        "creator_discount": Decimal("2"),
    }
    rich = line(1, "30.00", 2, **shares, payment_discount=Decimal("0.45"), tax_amount=Decimal("1.20"), **live)
    rich.commission_rate, rich.commission_amount, rich.list_price = Decimal("0.1500"), Decimal("8.40"), Decimal("35.00")
    rich.freight_amount, rich.variant, rich.seller_sku = Decimal("4.00"), "100 g", "TEA-100"
    gift = line(2, "0.00", 1, gift=True, list_price=Decimal("9.90"))
    paid = [
        PaymentFacts(PaymentMethod.CARD, Decimal("50.00"), TWICE[0], "TX#1@2"),
        PaymentFacts(PaymentMethod.VOUCHER, Decimal("7.20"), TWICE[1]),
        PaymentFacts(PaymentMethod.PAYPAL, Decimal("1.00"), None, "A;B"),
    ]
    more = {
        "platform_discount": Decimal("3.00"),
        "freight_amount": Decimal("9.00"),
        "freight_discount": Decimal("2.50"),
        "fee_amount": Decimal("0.50"),
        "adjustment": Decimal("-1.25"),
    }
    marks = {
        "flag": 0,
        "abnormal": Abnormal.ADDRESS,
        "abnormal_reason": "House number missing",
        "abnormal_at": TWICE[1],
        "seller_note": "gift wrap",
        "buyer_email": "b-1@relay.example",
        "kind": Kind.PRE_ORDER,
        "source": Source.LIVE,
        "channel": "douyin",
        "raw_status": "paid",
        "ship_by": TWICE[1] + _HOUR,
        "deliver_by": datetime(2026, 3, 9, 2, 59, 59, tzinfo=UTC),
    }
    return [
        order(shop, "A001", Status.TO_SHIP, [rich, gift], payments=paid, **more, **marks),
        order(shop, "A002", Status.TO_SHIP, [rich, gift, line(3, "1.00", 1)], flag=5, placed_at=TWICE[0]),
        order(shop, "A003", Status.TO_SHIP, [line(1, "0.00", 1)], payments=[], placed_at=TWICE[1]),
        order(shop, "A004", Status.TO_REVIEW, [line(1)], adjustment=Decimal("0.75"), payment_method=PaymentMethod.COD),
        *(
            order(shop, f"A1{place:02d}", Status.TO_SHIP, [line(1)], payment_method=method)
            for place, method in enumerate(PaymentMethod)
        ),
    ]


def hostile(shop: Shop) -> list[OrderFacts]:
    """Tell of orders whose texts look like formulas, marks, numbers or nothing."""
    return [
        order(
            *(shop, f"H{place:03d}", Status.TO_SHIP),
            [line(1, title=text if text.strip("-") else "Tea", variant=text, seller_sku="x", room="7")],
            **{"buyer_nickname": text, "buyer_message": text, "seller_note": text, "city": text[:60]},
            recipient=RecipientFacts(text, "+55 11 98765-4321", f"{text} 8", "01310-100"),
        )
        for place, text in enumerate(HOSTILE, 1)
    ]


def mixed(shop: Shop) -> list[OrderFacts]:
    """Tell of all of these orders together."""
    return [*states(shop), *amounts(shop), *hostile(shop)]
