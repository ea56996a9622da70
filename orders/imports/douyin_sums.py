"""What the amounts in a row of Douyin's export mean: the first way to read them that makes what the row is owed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from itertools import chain, product

from orders.facts import ZERO
from sellercenter import money

SHARES = ("platform_discount", "seller_discount", "creator_discount")
# What bears which discount, as it was granted and as it was settled in the end.
GRANTED, BORNE = ({name: f"{kind}_{name}" for name in SHARES} for kind in ("granted", "borne"))
# Amounts of which no source tells whether they are in the others already, and where they go when they are not.
_DISCOUNTS = {"payment": "payment_discount", "red_packet": "platform_discount", "education": "platform_discount"}
_CHARGES = {"fee": "fee_amount", "tax": "tax_amount", "change": "adjustment"}
AMOUNTS = {"payable", "freight", *GRANTED.values(), *BORNE.values(), *_DISCOUNTS, *_CHARGES}


@dataclass(frozen=True)
class Sums:
    """The amounts of one row by the names that they have in an order."""

    goods: Decimal
    freight: Decimal
    discounts: Mapping[str, Decimal]
    charges: Mapping[str, Decimal]

    @property
    def total(self) -> Decimal:
        """What the row is owed."""
        return self.goods - sum(self.discounts.values(), ZERO) + self.freight + sum(self.charges.values(), ZERO)


def reckon(told: Mapping[str, Decimal], goods: Sequence[Decimal]) -> Sums:
    """Return the first way to read a row's amounts by which they make what is owed, else the most likely one.

    `goods` are what its goods may cost; nothing when no price is told, then they are what the rest leaves.
    """
    if not goods:
        discounts = _shares(told)[0]
        freight = told.get("freight", ZERO)
        return Sums(told["payable"] - freight + sum(discounts.values(), ZERO), freight, discounts, {})
    ways = _ways(told, goods)
    first = next(ways)
    return next((way for way in chain((first,), ways) if way.total == told["payable"]), first)


def _ways(told: Mapping[str, Decimal], goods: Sequence[Decimal]) -> Iterator[Sums]:
    names = [name for name in (*_DISCOUNTS, *_CHARGES) if told.get(name)]
    # A change of the price may be written as what the seller added or as what the seller took off.
    taken = [(1, -1, 0) if name == "change" else (1, 0) for name in names]
    for cost, shares, signs in product(goods, _shares(told), product(*taken)):
        discounts, charges = dict(shares), dict[str, Decimal]()
        for name, sign in zip(names, signs, strict=True):
            into, field = (discounts, _DISCOUNTS[name]) if name in _DISCOUNTS else (charges, _CHARGES[name])
            into[field] = into.get(field, ZERO) + sign * told[name]
        yield Sums(cost, told.get("freight", ZERO), discounts, charges)


def _shares(told: Mapping[str, Decimal]) -> list[dict[str, Decimal]]:
    """Return what platform, seller and creator bear: as it was settled, then as it was granted."""
    kinds = [{name: told.get(field, ZERO) for name, field in kind.items()} for kind in (BORNE, GRANTED)]
    return [kind for kind in kinds if any(kind.values())] or kinds[:1]


# --- Lines ------------------------------------------------------------------------------------------------------------


def unit_prices(goods: Decimal, quantities: Sequence[int], currency: str) -> list[Decimal]:
    """Return what one piece of each line costs when only the sum is told: the same for all, but for the remainder.

    Lines with more pieces take a coin for each of theirs first, then the one with least takes what it can. What is left
    then fits into no price.
    """
    coin = Decimal(1).scaleb(-money.digits(currency))
    each = (goods / sum(quantities)).quantize(coin, ROUND_DOWN)
    left, prices = goods - each * sum(quantities), [each] * len(quantities)
    places = sorted(range(len(quantities)), key=lambda place: -quantities[place])
    for place in places:
        if coin * quantities[place] <= left:
            prices[place] += coin
            left -= coin * quantities[place]
    prices[places[-1]] += left // (coin * quantities[places[-1]]) * coin
    return prices


def of_lines(sums: Sums, worth: Sequence[Decimal], currency: str) -> list[dict[str, Decimal]]:
    """Share discounts, freight and tax of a row out over its lines by what they are worth, exact to the coin.

    Raises ValueError when the discounts are more than the goods.
    """
    room = dict(enumerate(worth))
    parts: list[dict[str, Decimal]] = [{} for _line in worth]
    for name, amount in sums.discounts.items():
        for place, part in money.spread(amount, room, currency).items():
            parts[place][name] = part
            room[place] -= part
    for name, amount in (("freight_amount", sums.freight), ("tax_amount", sums.charges.get("tax_amount", ZERO))):
        for place, part in enumerate(money.share(amount, [*worth], currency)):
            parts[place][name] = part
    return parts


def freight_waived(sums: Sums) -> tuple[Sums, Decimal]:
    """Take what the discounts exceed the goods by off the freight: somebody bears that, too; return it beside."""
    over = min(max(ZERO, sum(sums.discounts.values(), ZERO) - sums.goods), sums.freight)
    left, discounts = over, dict(sums.discounts)
    for name in discounts:
        part = min(left, discounts[name])
        discounts[name] -= part
        left -= part
    return Sums(sums.goods, sums.freight, discounts, sums.charges), over
