"""The two demo shops and their worlds: what they sell, to whom, by which carriers and means of payment."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import accumulate
from random import Random
from types import ModuleType
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from orders.demo import words_en, words_zh
from orders.facts import RecipientFacts
from orders.states import PaymentMethod as Pay

# A page that forgets to escape shows it on the first screen.
HOSTILE = (
    "<b>小明</b>",
    'O\'Brien & "Sons"',
    "🌸樱花🌸 <script>alert(1)</script>",
    "{{ 7|add:7 }}",
    "  两个  空格  ",
    "👩‍👩‍👧 家",
)


T = TypeVar("T")


class Wheel(Generic[T]):
    """A choice by weights that costs one random number."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self.values = tuple(weights)
        self.bounds = tuple(accumulate(weights.values()))

    def spin(self, rng: Random) -> T:
        """Return one of the values."""
        return self.values[bisect(self.bounds, rng.random() * self.bounds[-1])]


@dataclass(frozen=True, slots=True)
class Goods:
    """One SKU with its product, as order lines name it."""

    product_number: str
    title: str
    sku_number: str
    variant: str
    seller_sku: str
    price: int


@dataclass(frozen=True, slots=True)
class Host:
    """A creator with the share that they get."""

    number: str
    name: str
    rate: Decimal


@dataclass(frozen=True)
class Market:
    """One demo shop and its world; money is counted in the smallest unit (fen, pence)."""

    code: str
    name: str
    currency: str
    time_zone: str
    accent: str
    share: float
    words: ModuleType
    home: str
    prefix: str
    products: int
    freight: int
    payment: Wheel[Pay]
    carriers: Wheel[str]
    channels: Wheel[str]
    goods: tuple[Goods, ...] = field(default=(), repr=False)
    hosts: tuple[Host, ...] = field(default=(), repr=False)

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which the shop's evenings are."""
        return ZoneInfo(self.time_zone)


def _goods(market: Market) -> tuple[Goods, ...]:
    """Build the catalogue; the same one for every seed, best sellers first."""
    rng, found = Random(f"goods {market.code}"), []
    for number in range(market.products):
        noun, variants, low, high = market.words.GOODS[number % len(market.words.GOODS)]
        style = market.words.STYLES[number * 7 // len(market.words.GOODS) % len(market.words.STYLES)]
        title = f"{style}{noun}" if market.currency == "CNY" else f"{style} {noun[0].lower()}{noun[1:]}"
        price = round(rng.uniform(low, high) / 100) * 100 - 10
        for position, variant in enumerate(variants[: 1 + rng.randrange(4)]):
            code = f"{market.prefix}{number + 1:03}-{position + 1}"
            product = f"{market.prefix}P{10_000 + number}"
            found.append(Goods(product, title, f"{product}{position + 1}", variant, code, price + position * 400))
    return tuple(found)


def _hosts(market: Market) -> tuple[Host, ...]:
    rates = ("0.08", "0.10", "0.12", "0.15", "0.20")
    return tuple(
        Host(f"{market.prefix}C{800 + number}", name, Decimal(rates[number % len(rates)]))
        for number, name in enumerate(market.words.CREATORS)
    )


def _peopled(market: Market) -> Market:
    return replace(market, goods=_goods(market), hosts=_hosts(market))


QINGLAN = _peopled(
    Market(
        code="qinglan",
        name="青岚生活馆",
        currency="CNY",
        time_zone="Asia/Shanghai",
        accent="teal",
        share=0.7,
        words=words_zh,
        home="杭州市",
        prefix="QL",
        products=140,
        freight=800,
        payment=Wheel(
            {Pay.DOUYIN_PAY: 30, Pay.ALIPAY: 26, Pay.WECHAT_PAY: 24, Pay.CARD: 4, Pay.DEBIT_CARD: 5, Pay.PAY_LATER: 4}
            | {Pay.BANK_TRANSFER: 1, Pay.WALLET: 2, Pay.COD: 2, Pay.VOUCHER: 1, Pay.OTHER: 1}
        ),
        carriers=Wheel({"顺丰速运": 30, "中通快递": 32, "圆通速递": 22, "京东物流": 16}),
        channels=Wheel({"抖音": 62, "抖音极速版": 20, "小程序": 10, "": 8}),
    )
)
HARBOUR = _peopled(
    Market(
        code="harbour",
        name="Harbour & Pine",
        currency="GBP",
        time_zone="Europe/London",
        accent="indigo",
        share=0.3,
        words=words_en,
        home="Bristol",
        prefix="HP",
        products=70,
        freight=399,
        payment=Wheel(
            {Pay.CARD: 38, Pay.DEBIT_CARD: 24, Pay.PAYPAL: 18, Pay.WALLET: 9, Pay.PAY_LATER: 6, Pay.VOUCHER: 2}
            | {Pay.BANK_TRANSFER: 1, Pay.COD: 1, Pay.OTHER: 1}
        ),
        carriers=Wheel({"Royal Mail": 46, "DPD": 28, "Evri": 26}),
        channels=Wheel({"TikTok": 70, "Web": 22, "": 8}),
    )
)
MARKETS = (QINGLAN, HARBOUR)


@dataclass(frozen=True, slots=True)
class Customer:
    """A buyer, worked out from a running number, so that a million of them take no memory."""

    uid: str
    nickname: str
    relay_email: str
    province: str
    city: str
    district: str
    recipient: RecipientFacts


def customer(market: Market, number: int) -> Customer:
    """Return the buyer with this number: always the same person at the same address."""
    words = market.words
    province, city, districts = _pick(words.PLACES, number, 7)
    name, phone, address, postcode = (
        _british(words, number, city) if market.currency == "GBP" else _chinese(words, number)
    )
    uid = f"{market.prefix.lower()}{7_000_000 + number}"
    return Customer(
        uid=uid,
        nickname=_nickname(words, number),
        # The platform gives most of its buyers an address, never all; nobody can own a name under .example.
        relay_email=f"{uid}@relay.example" if number % 9 else "",
        province=province,
        city=city,
        district=_pick(districts, number, 11),
        recipient=RecipientFacts(name, phone, address, postcode),
    )


def _pick(words: Sequence[Any], number: int, stride: int) -> Any:
    """Pick a word for a running number, so that neighbours differ and combinations repeat late."""
    return words[(number * stride + number // len(words)) % len(words)]


def _nickname(words: ModuleType, number: int) -> str:
    if number % 97 == 5:
        return HOSTILE[number // 97 % len(HOSTILE)]
    head, tail = _pick(words.NICKNAME_HEADS, number, 3), _pick(words.NICKNAME_TAILS, number, 13)
    return f"{head}{tail}{number % 1000 if number % 3 else ''}"


def _chinese(words: ModuleType, number: int) -> tuple[str, str, str, str]:
    name = _pick(words.SURNAMES, number, 7) + _pick(words.GIVEN_NAMES, number, 11)
    street, home = _pick(words.STREETS, number, 3), _pick(words.HOMES, number, 5)
    address = f"{street} {number % 380 + 1} 号{home} {number % 17 + 1} 栋 {number % 28 + 1}0{number % 4 + 1}"
    # Operators have not given out numbers that begin like this.
    return name, f"199000{number * 7919 % 100_000:05}", address, f"{310_000 + number % 9000}"


def _british(words: ModuleType, number: int, city: str) -> tuple[str, str, str, str]:
    name = f"{_pick(words.GIVEN_NAMES, number, 7)} {_pick(words.SURNAMES, number, 11)}"
    home = _pick(words.HOMES, number, 3)
    address = f"{home + ', ' if home else ''}{number % 140 + 1} {_pick(words.STREETS, number, 5)}"
    # Ofcom keeps these numbers for fiction; the letters C and V end no British postcode.
    return (
        name,
        f"07700 900{number * 7919 % 1000:03}",
        address,
        f"{city[:2].upper()}{number % 19 + 1} {number % 9 + 1}CV",
    )
