"""What TikTok Shop's files say about money: amounts, ways to pay, and that everything adds up."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import pytest

from orders.imports import tiktok_words as words
from orders.models import Order
from orders.states import PaymentMethod
from tests.orders.import_files import counts, refusals, take
from tests.orders.tiktok_files import HEADERS, header, lines, order, present, shop_of, tiktok_file, two_lines

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not present(), reason=f"the real headers are not in {HEADERS} (SELLERCENTER_DATA)"),
]


@pytest.mark.parametrize(
    ("site", "written", "amount"),
    [
        ("vn", "25.000", 25000),
        ("vn", "25.000 ₫", 25000),
        ("vn", "25,000đ", 25000),
        ("id", "Rp25.000", 25000),
        ("id", "IDR 25000", 25000),
        ("th", "฿1,025.50", Decimal("1025.50")),
        ("my", "RM 25.00", 25),
        ("my", "'25", 25),
        ("us", "$1,025.5", Decimal("1025.50")),
    ],
)
def test_amounts_are_read_as_each_site_writes_them(tmp_path: Path, site: str, written: str, amount: Decimal) -> None:
    row = {name: "" for name in header(site) if "Discount" in name or "Fee" in name or name == "Taxes"}
    rows = [
        order(
            **row | {"SKU Unit Original Price": written, "Quantity": "1", "Order Amount": written},
            Payment_platform_discount="",
        )
    ]
    report = take(shop_of(site), tiktok_file(tmp_path, site, *rows))
    assert (counts(report), report.notes) == ((1, 0, 0, 0), [])
    assert Order.objects.values_list("goods_amount", "total_amount").get() == (amount, amount)


def test_a_large_part_of_the_amount_in_no_column_is_refused_when_no_column_is_missing(tmp_path: Path) -> None:
    shop = shop_of("vn")
    report = take(shop, tiktok_file(tmp_path, "vn", *lines(order(Order_Amount="31"))))
    assert refusals(report)[0][1:] == (
        "Order Amount",
        "Goods less discounts plus freight, tax and fees make 25, not this.",
    )
    report = take(shop, tiktok_file(tmp_path, "vn", *lines(order(Order_Amount="27"))))
    assert (counts(report), Order.objects.get().adjustment) == ((1, 0, 0, 0), 2)


def test_cash_on_delivery_is_not_paid_before_it_is_delivered(tmp_path: Path) -> None:
    shop = shop_of("id")
    cash = {"Payment Method": "Bayar di tempat", "Order Substatus": ""}
    for number, word in (("1", "Dikirim"), ("2", "Selesai")):
        take(shop, tiktok_file(tmp_path, "id", *two_lines("id", **cash | {"Order ID": number, "Order Status": word})))
    told = [*Order.objects.order_by("number").values_list("status", "payment_method", "paid_amount")]
    assert told == [("shipped", "cod", 0), ("completed", "cod", 25)]


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("Credit card", "card"),
        ("Credit/Debit Card", "card"),
        ("Debit card", "debit_card"),
        ("PayPal", "paypal"),
        ("Klarna", "pay_later"),
        ("GoPay Later", "pay_later"),
        ("Apple Pay", "wallet"),
        ("ShopeePay", "wallet"),
        ("Touch 'n Go eWallet", "wallet"),
        ("Cash on Delivery", "cod"),
        ("เก็บเงินปลายทาง", "cod"),
        ("Thanh toán khi nhận hàng", "cod"),
        ("FPX", "bank_transfer"),
        ("Bank Transfer (BCA Virtual Account)", "bank_transfer"),
        ("Gift card", "voucher"),
        ("Barter", "other"),
        ("", "other"),
    ],
)
def test_methods_of_payment_are_known_by_what_their_names_contain(name: str, method: str) -> None:
    assert words.method_of(name) == PaymentMethod(method)


class Bought:
    """An order made up of random lines and amounts that add up; `rows` tell it as the American site does."""

    def __init__(self, chance: random.Random, number: str) -> None:
        self.chance, self.number = chance, number
        self.lines, self.total = [], Decimal(0)
        for place in range(chance.randint(1, 6)):
            self.lines.append(self._line(place))
        whole = self._whole()
        self.rows = [order(**one | whole) for one in self.lines]

    def _cents(self, most: int) -> Decimal:
        return Decimal(self.chance.randint(0, most)).scaleb(-2)

    def _line(self, place: int) -> dict[str, str]:
        price, quantity = self._cents(99_999) + 10, self.chance.randint(1, 9)
        platform, seller = self._cents(400), self._cents(500)
        left = price * quantity - platform - seller
        self.total += left
        return {
            "SKU ID": str(1000 + place),
            "Quantity": str(quantity),
            "SKU Unit Original Price": f"{price:,}",
            "SKU Subtotal Before Discount": f"{price * quantity:,}",
            "SKU Platform Discount": str(platform),
            "SKU Seller Discount": f"-{seller}",
            "SKU Subtotal After Discount": f"{left:,}",
        }

    def _whole(self) -> dict[str, str]:
        freight, tax, fee, payment = 10 + self._cents(900), self._cents(800), self._cents(50), self._cents(300)
        waived = [self._cents(300), self._cents(300)]
        self.total += freight - sum(waived) + tax + fee - payment
        self.refunded = self.total if self.chance.random() < 0.3 else Decimal(0)
        return {
            "Order ID": self.number,
            "Original Shipping Fee": str(freight),
            "Shipping Fee Seller Discount": str(waived[0]),
            "Shipping Fee Platform Discount": str(waived[1]),
            "Shipping Fee After Discount": str(freight - sum(waived)),
            "Payment platform discount": str(payment),
            "Retail Delivery Fee": str(fee),
            "Taxes": str(tax),
            "Order Amount": f"${self.total:,}",
            "Order Refund Amount": str(self.refunded),
            "Created Time": "03/13/2026 8:00:00 AM",
            "Paid Time": "03/13/2026 8:00:00 AM",
        }


def test_any_order_that_adds_up_in_its_file_adds_up_here(tmp_path: Path) -> None:
    chance = random.Random(7)
    bought = [Bought(chance, f"5764863169484{place:05}") for place in range(150)]
    rows = [row for one in bought for row in one.rows]
    chance.shuffle(rows)
    report = take(shop_of("us"), tiktok_file(tmp_path, "us", *rows))
    assert (counts(report), report.new.lines, report.notes) == ((150, 0, 0, 0), len(rows), [])
    told = Order.objects.values_list("number", "total_amount", "paid_amount", "refunded_amount", "adjustment")
    assert {*told} == {(one.number, one.total, one.total, one.refunded, 0) for one in bought}
