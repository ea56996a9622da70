"""Baskets of the demo and their prices: who bears which discount, what the lines and the order come to."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from orders.demo.markets import Goods, Host, Market
from orders.facts import LineFacts, OrderFacts
from orders.states import Source

_BEARERS = ("platform_discount", "seller_discount", "creator_discount", "payment_discount")
# How often each bearer gives something, and which share of the goods at most.
_GIVES = ((0.30, 0.12), (0.38, 0.15), (0.16, 0.08), (0.10, 0.03))


class _Money(dict[int, Decimal]):
    """Amounts by their number of cents; few enough of them differ to keep them all."""

    def __missing__(self, cents: int) -> Decimal:
        amount = Decimal(cents).scaleb(-2)
        if len(self) < 200_000:
            self[cents] = amount
        return amount


MONEY = _Money()


def basket(
    rng: Random, market: Market, *, number: str, source: Source, host: Host | None, at_least: int
) -> list[tuple[LineFacts, int]]:
    """Fill one to four lines, each with its price in cents before discounts; best sellers come often."""
    size = (1, 1, 1, 1, 1, 1, 2, 2, 3, 4)[int(rng.random() * 10)]
    lines, taken = [], set()
    for position in range(size):
        goods = market.goods[int(len(market.goods) * rng.random() ** 2.2)]
        if goods.sku_number in taken:
            continue
        taken.add(goods.sku_number)
        quantity = max(at_least, 1 if rng.random() < 0.82 else 2 + int(rng.random() * 3))
        line = _line(market, goods, f"{number}{position + 1}", quantity, host)
        if source == Source.LIVE and host:
            line.room = f"{market.prefix}R{host.number[-3:]}{int(rng.random() * 40):02}"
        elif source == Source.VIDEO and host:
            line.video = f"{market.prefix}V{host.number[-3:]}{int(rng.random() * 300):03}"
        lines.append((line, goods.price * quantity))
    return lines


def catalogue(market: Market) -> list[LineFacts]:
    """Return lines that together name all goods and all creators."""
    lines = [_line(market, goods, goods.sku_number, 1, None) for goods in market.goods]
    return lines + [_line(market, market.goods[0], host.number, 1, host) for host in market.hosts]


def _line(market: Market, goods: Goods, number: str, quantity: int, host: Host | None) -> LineFacts:
    return LineFacts(
        number=number,
        product_number=goods.product_number,
        title=goods.title,
        quantity=quantity,
        unit_price=MONEY[goods.price],
        amount=MONEY[goods.price * quantity],
        sku_number=goods.sku_number,
        variant=goods.variant,
        seller_sku=goods.seller_sku,
        list_price=MONEY[goods.price + goods.price // 5],
        creator_number=host.number if host else "",
        creator_name=host.name if host else "",
        commission_rate=host.rate if host else None,
    )


def price(rng: Random, market: Market, order: OrderFacts, lines: list[tuple[LineFacts, int]]) -> int:
    """Set every amount of the order and its lines, and return the total in cents."""
    goods = sum(cents for _line, cents in lines)
    order.lines = [line for line, _cents in lines]
    order.goods_amount = MONEY[goods]
    left = [cents for _line, cents in lines]
    for bearer, (often, most) in zip(_BEARERS, _GIVES, strict=True):
        if rng.random() < often and not (bearer == "creator_discount" and not order.lines[0].creator_number):
            given = int(goods * most * (0.3 + 0.7 * rng.random())) // 10 * 10
            _spread(order, lines, left, bearer, given, goods)
    for (line, _cents), rest in zip(lines, left, strict=True):
        line.amount = MONEY[rest]
        if line.commission_rate is not None:
            line.commission_amount = MONEY[rest * int(line.commission_rate * 100) // 100]
    return sum(left) + _extras(rng, market, order, goods)


def _spread(
    order: OrderFacts, lines: list[tuple[LineFacts, int]], left: list[int], bearer: str, given: int, goods: int
) -> None:
    """Share one discount over the lines by their price, to the last cent."""
    rest = given
    for position, (line, cents) in enumerate(lines):
        part = rest if position == len(lines) - 1 else given * cents // goods
        rest -= part
        left[position] -= part
        setattr(line, bearer, MONEY[part])
    setattr(order, bearer, MONEY[given])


def _extras(rng: Random, market: Market, order: OrderFacts, goods: int) -> int:
    """Add freight, which dear baskets get for nothing, and now and then a price that was talked down."""
    extras = 0
    if rng.random() < 0.45:
        order.freight_amount = MONEY[market.freight]
        free = goods >= 6900
        order.freight_discount = MONEY[market.freight if free else 0]
        extras += 0 if free else market.freight
    if rng.random() < 0.015 and goods > 3000:
        order.adjustment = MONEY[-200]
        extras -= 200
    if order.payment_method == "cod":
        order.fee_amount = MONEY[150]
        extras += 150
    return extras
