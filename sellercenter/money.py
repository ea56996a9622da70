"""Money: Decimal with a currency, rounded in one place, written the way the reader's language does."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TypeVar

from django.utils.formats import number_format

# ISO 4217 codes of the markets that platforms of this kind serve: symbol and digits after the point.
CURRENCIES: dict[str, tuple[str, int]] = {
    "AUD": ("A$", 2),
    "BRL": ("R$", 2),
    "CAD": ("C$", 2),
    "CNY": ("¥", 2),
    "EUR": ("€", 2),
    "GBP": ("£", 2),
    "HKD": ("HK$", 2),
    "IDR": ("Rp", 0),
    "JPY": ("JP¥", 0),
    "KRW": ("₩", 0),
    "MXN": ("MX$", 2),
    "MYR": ("RM", 2),
    "PHP": ("₱", 2),
    "SGD": ("S$", 2),
    "THB": ("฿", 2),
    "TWD": ("NT$", 0),
    "USD": ("$", 2),
    "VND": ("₫", 0),
}
ZERO = Decimal("0.00")
_Key = TypeVar("_Key", bound=Hashable)


def digits(currency: str) -> int:
    """Return how many digits the currency has after the point; an unknown code raises KeyError."""
    return CURRENCIES[currency][1]


@lru_cache(maxsize=64)
def _quantum(currency: str) -> Decimal:
    return Decimal(1).scaleb(-digits(currency))


def quantise(amount: Decimal, currency: str) -> Decimal:
    """Round half up to what the currency can pay."""
    return amount.quantize(_quantum(currency), ROUND_HALF_UP)


def share(total: Decimal, weights: list[Decimal], currency: str) -> list[Decimal]:
    """Split an amount by weight so that the parts add up exactly; the remainder goes to the last part.

    Equal parts when all weights are zero. Raises ValueError without weights.
    """
    if not weights:
        raise ValueError("nothing to share the amount over")
    sum_of_weights = sum(weights, Decimal(0))
    if not sum_of_weights:
        weights, sum_of_weights = [Decimal(1)] * len(weights), Decimal(len(weights))
    parts = [quantise(total * weight / sum_of_weights, currency) for weight in weights[:-1]]
    return [*parts, total - sum(parts, Decimal(0))]


def spread(total: Decimal, most: Mapping[_Key, Decimal], currency: str) -> dict[_Key, Decimal]:
    """Spread an amount over parts by what each can take at most; the remainder goes to the last ones with room.

    Raises ValueError when all of them together can't take it.
    """
    room = sum(most.values(), ZERO)
    if not 0 <= total <= room:
        raise ValueError(f"{total} does not fit into {room}")
    if total == room:
        return dict(most)
    quantum = _quantum(currency)
    parts = {key: (total * limit / room).quantize(quantum, ROUND_DOWN) for key, limit in most.items()}
    left = total - sum(parts.values(), ZERO)
    for key in reversed(list(parts)):
        more = min(left, most[key] - parts[key])
        parts[key], left = parts[key] + more, left - more
    return parts


def text(amount: Decimal | None, currency: str) -> str:
    """Write an amount as people read it, such as ¥1,280.00; a missing amount is an em dash."""
    if amount is None:
        return "—"
    symbol, places = CURRENCIES[currency]
    rounded = quantise(amount, currency)
    return f"{'−' if rounded < 0 else ''}{symbol}{abs(rounded):,.{places}f}"


def capped(count: int, cap: int) -> str:
    """Write a count that was only taken up to a cap, such as 37 or 10 000+."""
    if count > cap:
        return f"{number_format(cap, use_l10n=True, force_grouping=True)}+"
    return number_format(count, use_l10n=True, force_grouping=True)
