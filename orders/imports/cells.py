"""One cell of a table turned into a value: ids, words, money, times. What can't be read says why, in one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _

from orders.facts import PaymentFacts
from orders.imports.layout import Dates
from orders.states import Flag, PaymentMethod
from sellercenter import money, privacy
from sellercenter.imports import CELL_LIMIT, squeezed

Reader = Callable[[str], Any]

_CACHED = 1 << 14
_LIMIT = Decimal(10) ** 12
_AMOUNT_LENGTH = 64


class Unclear(ValueError):
    """A cell can't be read; the message is a sentence for people."""


# --- Texts and ids ----------------------------------------------------------------------------------------------------

_DESTROYED = re.compile(r"\d(?:[.,]\d+)?E\+\d{2,}", re.IGNORECASE)
_UNSEEN = "\ufeff\u200b\u200e\u200f"


def text(limit: int) -> Reader:
    """Read a text of at most so many characters."""

    def read(cell: str) -> str:
        if len(cell) > limit:
            raise Unclear(
                _("The text has %(length)d characters, at most %(limit)d fit.") % {"length": len(cell), "limit": limit}
            )
        if "\0" in cell:
            raise Unclear(_("The text holds the character NUL, which can't be stored. Remove it."))
        return cell

    return read


def email(cell: str) -> str:
    """Read one plain e-mail address; a masked one says nothing."""
    if privacy.is_masked(cell):
        return ""
    if not privacy.is_plain_email(cell):
        raise Unclear(_("This is not one plain e-mail address, like b-1@relay.example."))
    return cell


def identifier(limit: int) -> Reader:
    """Read an id: free of the TAB or apostrophe that keeps it whole in Excel; refuse one that Excel has rounded."""
    plain = text(limit)

    def read(cell: str) -> str:
        if cell.isalnum() and len(cell) <= limit:
            return cell
        name = plain(cell.strip(_UNSEEN).lstrip("'").strip())
        if _DESTROYED.fullmatch(name):
            raise Unclear(
                _("Excel has rounded this number: its last digits are lost. Format the column as text, export again.")
            )
        if "\n" in name or "\r" in name:
            raise Unclear(_("An id can't go over several lines."))
        return name

    return read


# --- Words ------------------------------------------------------------------------------------------------------------

_YES = {"true", "yes", "y", "1", "是", "x"}
_NO = {"false", "no", "n", "0", "否"}


def word(choices: type[models.TextChoices], **others: str) -> Reader:
    """Read one of a list's words, whatever its case, spaces and underscores; `others` are further spellings."""
    known = {squeezed(value): choices(value) for value in choices.values}
    known |= {squeezed(spelling): choices(value) for spelling, value in others.items()}

    def read(cell: str) -> Any:
        found = known.get(cell) or known.get(squeezed(cell))
        if found is None:
            raise Unclear(_("This word is not known. Use one of: %s.") % ", ".join(choices.values))
        return found

    return read


def meaning(meanings: Mapping[str, object], otherwise: object = None) -> Reader:
    """Read a word of another platform as what it means here, whatever its case and spaces."""
    known = {squeezed(word): meant for word, meant in meanings.items()}

    def read(cell: str) -> Any:
        found = known.get(squeezed(cell), otherwise)
        if found is None:
            raise Unclear(
                _("The word “%(word)s” is not known in this column. Known are, among others: %(known)s.")
                % {"word": cell[:40], "known": ", ".join(islice(meanings, 8))}
            )
        return found

    return read


def cut(limit: int) -> Reader:
    """Read a text and keep as much of it as fits; an ellipsis shows that there was more."""
    whole = text(CELL_LIMIT)

    def read(cell: str) -> str:
        found: str = whole(cell)
        return found if len(found) <= limit else f"{found[: limit - 1]}…"

    return read


def flag(cell: str) -> int:
    """Read a flag by its number 0 to 5 or its colour."""
    name = cell.casefold()
    for choice in Flag:
        if name in (str(choice.value), choice.name.casefold()):
            return choice.value
    raise Unclear(_("This flag is not known. Use 0 to 5 or grey, purple, cyan, green, orange, red."))


def yes_no(cell: str) -> bool:
    """Read yes or no."""
    name = cell.casefold()
    if name in _YES or name in _NO:
        return name in _YES
    raise Unclear(_("Write yes or no here."))


# --- Numbers ----------------------------------------------------------------------------------------------------------

_COUNT = re.compile(r"\d{1,9}(?:\.0+)?")
_SIGN = r"([^\d.,\s+\-−()]*)"
_AMOUNT = re.compile(rf"{_SIGN}\s*([+\-−]?)\s*{_SIGN}\s*(\d[\d.,'’\s]*|[.,]\d+)\s*{_SIGN}")
_OTHER_SIGNS = {
    "CNY": ("元", "圆", "￥", "RMB", "人民币"),
    "JPY": ("円", "¥", "￥"),
    "KRW": ("원",),
    "VND": ("đ",),
    "THB": ("บาท",),
}


@lru_cache(maxsize=1024)
def count(cell: str) -> int:
    """Read how many pieces: a positive whole number."""
    if not _COUNT.fullmatch(cell) or not int(cell.partition(".")[0]):
        raise Unclear(_("The quantity must be a whole number above zero."))
    return int(cell.partition(".")[0])


@lru_cache(maxsize=1024)
def rate(cell: str) -> Decimal:
    """Read a share between 0 and 1, as 0.15 or as 15%."""
    number = cell.removesuffix("%").strip().replace(",", ".")
    try:
        share = Decimal(number).scaleb(-2 if cell.endswith("%") else 0)
    except InvalidOperation:
        share = Decimal(-1)
    if not share.is_finite() or not 0 <= share <= 1 or share != share.quantize(Decimal("0.0001")):
        raise Unclear(_("The rate must be a share such as 0.15 or 15%, with at most four digits after the point."))
    return share.quantize(Decimal("0.0001"))


@lru_cache(maxsize=64)
def amount(currency: str, *, signed: bool = False, whole: bool = False) -> Reader:
    """Read money in the currency: its sign or code may stand beside it, thousands may be grouped.

    `whole` says that nobody writes parts of this currency, so that the point in 11.000 groups thousands.
    """
    digits, signs = money.digits(currency), _signs(currency)
    plain = re.compile(r"\d{1,11}\.\d\d" if digits else r"\d{1,11}").fullmatch

    @lru_cache(maxsize=_CACHED)
    def read(cell: str) -> Decimal:
        if plain(cell):
            return Decimal(cell)
        # The pattern tries all ways to share out a run of spaces, so it gets short cells with single ones only.
        found = _AMOUNT.fullmatch(" ".join(cell.split())) if len(cell) <= _AMOUNT_LENGTH else None
        if not found:
            raise Unclear(_("This is not an amount. Write it like 1280.50."))
        before, sign, between, number, after = found.groups()
        _check_signs(signs, before, between, after, currency)
        value = _number(number, digits, whole=whole and not digits)
        if sign in ("-", "−") and value:
            if not signed:
                raise Unclear(_("The amount must not be negative."))
            value = -value
        return value

    return read


def _signs(currency: str) -> set[str]:
    symbol = money.CURRENCIES[currency][0]
    others = _OTHER_SIGNS.get(currency, ())
    return {sign.casefold() for sign in (currency, symbol, symbol[-1] if symbol.endswith("$") else symbol, *others)}


def _check_signs(signs: set[str], before: str, between: str, after: str, currency: str) -> None:
    for sign in (before, between, after):
        if sign and sign.casefold() not in signs:
            raise Unclear(
                _("“%(sign)s” is not a sign of the shop's currency %(own)s.") % {"sign": sign, "own": currency}
            )


def _number(number: str, digits: int, *, whole: bool) -> Decimal:
    """Read digits that may be grouped by comma, point, space or apostrophe; refuse what can be read in two ways."""
    bare = re.sub(r"['’\s]", "", number)
    last = max(bare.rfind(","), bare.rfind("."))
    if last >= 0:
        head, tail, mark = bare[:last], bare[last + 1 :], bare[last]
        if not whole and mark == "." and len(tail) == 3 and head.isdigit() and head != "0":
            raise Unclear(_("This amount can be read in two ways. Write thousands like 1280, parts like 1.28."))
        grouped = mark in head or ((whole or mark == ",") and len(tail) == 3 and head not in ("", "0"))
        if grouped:
            head, tail = head + mark + tail, ""
        if not _groups(head) or (tail and not tail.isdigit()):
            raise Unclear(_("The thousands of this amount are not grouped by three. Write it like 1280.50."))
        bare = re.sub(r"[.,]", "", head) + ("." + tail if tail else "")
    value = Decimal(bare)
    if value >= _LIMIT:
        raise Unclear(_("The amount is too large."))
    rounded = value.quantize(Decimal("0.01"))
    if rounded != value or (not digits and value != value.to_integral_value()):
        raise Unclear(_("The amount has more digits after the point than the currency."))
    return rounded


def _groups(whole: str) -> bool:
    """Say whether the digits before the decimal mark are grouped by three with one mark, or not at all."""
    marks = set(re.findall(r"[.,]", whole))
    if not marks:
        return True
    mark = marks.pop()
    first, *rest = whole.split(mark)
    return not marks and 1 <= len(first) <= 3 and all(len(group) == 3 and group.isdigit() for group in rest)


# --- Times ------------------------------------------------------------------------------------------------------------

_SLASHED = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(.*)")
_SHORT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d):(\d\d.*)")
_DAY_ALONE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}").fullmatch
_PLAIN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?").fullmatch
_FIRST_YEAR, _LAST_YEAR = 1990, 2199


@lru_cache(maxsize=64)
def time(zone: ZoneInfo) -> Reader:
    """Read a time: ISO 8601, seconds and offset optional; without an offset it is the clock on the wall in `zone`.

    A time that the clock skips means the first instant after the gap; one that it shows twice means the first.
    """

    @lru_cache(maxsize=_CACHED)
    def offset_in(hour: str) -> timedelta | None:
        """Return the zone's offset in an hour such as `2018-01-02 10`, None when it isn't one and the same."""
        try:
            start = datetime.fromisoformat(f"{hour}:00")
        except ValueError:
            return None
        if not _FIRST_YEAR <= start.year <= _LAST_YEAR:
            return None
        offsets = {
            moment.replace(tzinfo=zone, fold=fold).utcoffset()
            for moment in (start, start + timedelta(minutes=59, seconds=59))
            for fold in (0, 1)
        }
        return offsets.pop() if len(offsets) == 1 else None

    def read(cell: str) -> datetime:
        # Most cells are of this one form; asking the cache by its hour costs less than asking the zone.
        if _PLAIN(cell) and (offset := offset_in(cell[:13])) is not None:
            try:
                return datetime.fromisoformat(f"{cell}+00:00") - offset
            except ValueError:
                pass
        local = _iso(cell)
        if not _FIRST_YEAR <= local.year <= _LAST_YEAR:
            raise Unclear(_("The year of this time can't be right."))
        return at_wall(local, zone) if local.tzinfo is None else local.astimezone(UTC)

    return read


_NUMBERED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:,?\s+(\d{1,2}):(\d\d)(?::(\d\d))?\s*([AaPp][Mm])?)?")


@lru_cache(maxsize=64)
def local_time(zone: ZoneInfo, dates: Dates) -> Reader:
    """Read a time as a platform's site writes it, its year first or last; which of day and month leads is settled."""
    year_first = time(zone)

    @lru_cache(maxsize=_CACHED)
    def read(cell: str) -> Any:
        found = _NUMBERED.fullmatch(cell)
        if found is None or dates is Dates.YEAR_FIRST:
            return year_first(cell)
        one, two, year, *clock, half = found.groups()
        day, month = (one, two) if dates is Dates.DAY_FIRST else (two, one)
        hour, minute, second = (int(part or 0) for part in clock)
        if half:
            if not 1 <= hour <= 12:
                raise Unclear(_("This is not a time: with AM and PM the hours go from 1 to 12."))
            hour = hour % 12 + (12 if half.casefold() == "pm" else 0)
        return year_first(f"{year}-{month:0>2}-{day:0>2} {hour:02}:{minute:02}:{second:02}")

    return read


def first_numbers(cell: str) -> tuple[int, int, bool] | None:
    """Return the two numbers before the year of a date that ends with it, and whether AM or PM stands beside it."""
    found = _NUMBERED.fullmatch(cell)
    return (int(found[1]), int(found[2]), bool(found[7])) if found else None


@lru_cache(maxsize=64)
def until(zone: ZoneInfo) -> Reader:
    """Read the end of a promise: a time as in all cells, but a date alone holds until its last second."""
    time_of = time(zone)

    def read(cell: str) -> datetime:
        at: datetime = time_of(cell)
        return at_wall(_iso(cell) + timedelta(days=1, seconds=-1), zone) if _DAY_ALONE(cell) else at

    return read


def _iso(cell: str) -> datetime:
    if cell[4:5] == "-" and cell[7:8] == "-" and cell[10:11] in ("", " ", "T"):
        try:
            return datetime.fromisoformat(cell)
        except ValueError:
            pass
    if found := _SLASHED.fullmatch(cell):
        year, month, day, rest = found.groups()
        cell = f"{year}-{month:0>2}-{day:0>2}{rest}"
    if found := _SHORT.fullmatch(cell):
        cell = "{} 0{}:{}".format(*found.groups())
    try:
        if cell[4:5] == "-" and cell[7:8] == "-" and cell[10:11] in ("", " ", "T"):
            return datetime.fromisoformat(cell.replace(" +", "+"))
    except ValueError:
        pass
    raise Unclear(_("This is not a time. Write it like 2026-11-22 14:05:00, the year first."))


def at_wall(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant at which the clocks of the zone show this time: the first one, or the first after a gap."""
    early, late = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    if early >= late:
        return late
    # In a gap fold=0 reckons with the offset before the change, fold=1 with the one after it: the change lies between.
    before = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


# --- Payments ---------------------------------------------------------------------------------------------------------


def payments(read_amount: Reader, read_time: Reader) -> Reader:
    """Read `method=amount@time#transaction` as often as there are payments, divided by semicolons."""
    methods, transaction = word(PaymentMethod), identifier(80)

    def read(cell: str) -> list[PaymentFacts]:
        found = []
        for part in filter(None, map(str.strip, cell.split(";"))):
            method, equals, rest = part.partition("=")
            if not equals:
                raise Unclear(_("Write payments like card=99.33;voucher=20.00."))
            rest, _hash, number = rest.partition("#")
            value, _at, at = rest.partition("@")
            found.append(
                PaymentFacts(
                    methods(method.strip()),
                    read_amount(value.strip()),
                    read_time(at.strip()) if at.strip() else None,
                    transaction(number.strip()) if number else "",
                )
            )
        return found

    return read
