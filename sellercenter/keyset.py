"""Keyset pages: the next rows after a known row, equally fast on page 1 and on page 1,000."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from sellercenter.lifecycle import Refused


@dataclass(frozen=True)
class Sort:
    """A way to order a list: one column, then the primary key; rows without a value come last."""

    field: str
    descending: bool = False
    nullable: bool = False
    type: type = datetime

    @property
    def sign(self) -> str:
        """The prefix with which Django writes this direction."""
        return "-" if self.descending else ""

    def order(self, *, backwards: bool = False, empty: bool = False) -> list[str]:
        """Return the terms of ORDER BY, turned round for the way back; `empty` orders the rows without a value.

        Rows with and without a value are asked apart, so no term speaks of NULLS and any index of the column serves.
        """
        sign = "-" if self.descending != backwards else ""
        return [f"{sign}pk"] if empty else [f"{sign}{self.field}", f"{sign}pk"]


@dataclass(frozen=True)
class Cursor:
    """A place in a list: the row that was last seen, and the direction of travel."""

    value: Any
    pk: int
    backwards: bool = False

    def token(self) -> str:
        """Write the cursor as it stands in an address."""
        value = (
            self.value.isoformat()
            if isinstance(self.value, datetime)
            else None
            if self.value is None
            else str(self.value)
        )
        packed = json.dumps([value, self.pk, int(self.backwards)], separators=(",", ":"))
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, token: str, sort: Sort) -> Cursor:
        """Read a cursor from an address; raises Refused when it is not one of this sort order."""
        try:
            text, pk, backwards = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            value = None if text is None else _READERS[sort.type](text)
            if not (isinstance(pk, int) and 0 <= pk < 2**63 and backwards in (0, 1)):
                raise ValueError(token)
            if value is None and not sort.nullable:
                raise ValueError(token)
        except (binascii.Error, InvalidOperation, KeyError, TypeError, ValueError, RecursionError):
            raise Refused(_("This page address is damaged. Go back to the first page."), "bad_cursor") from None
        return cls(value, pk, bool(backwards))


def _aware(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    # What no row can hold, PostgreSQL can't compare.
    if value.tzinfo is None or not 1900 <= value.year < 3000:
        raise ValueError(text)
    return value.astimezone(UTC)


def _amount(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite() or abs(value.adjusted()) > 30:
        raise ValueError(text)
    return value


_READERS: dict[type, Any] = {datetime: _aware, Decimal: _amount, str: str, int: int}


@dataclass(frozen=True)
class Page:
    """The rows of one page and where its neighbours begin."""

    rows: list[Any]
    next: Cursor | None
    previous: Cursor | None


def fetch(queryset: QuerySet, sort: Sort, size: int, cursor: Cursor | None = None) -> Page:
    """Return one page of `queryset`; two short queries at most, however deep the page lies."""
    backwards = bool(cursor and cursor.backwards)
    rows: list[Any] = []
    for condition, order in _parts(sort, cursor):
        rows += queryset.filter(condition).order_by(*order)[: size + 1 - len(rows)]
        if len(rows) > size:
            break
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    return Page(
        rows,
        _at(rows[-1], sort, backwards=False) if rows and (more or backwards) else None,
        _at(rows[0], sort, backwards=True) if rows and (more if backwards else cursor is not None) else None,
    )


def _at(row: Any, sort: Sort, *, backwards: bool) -> Cursor:
    if isinstance(row, dict):
        return Cursor(row[sort.field], row["id"], backwards)
    return Cursor(getattr(row, sort.field), row.pk, backwards)


def _parts(sort: Sort, cursor: Cursor | None) -> list[tuple[Q, list[str]]]:
    """Return what to ask one after the other: a condition that starts an index range, and its order."""
    field, backwards = sort.field, bool(cursor and cursor.backwards)
    valued, empty = sort.order(backwards=backwards), sort.order(backwards=backwards, empty=True)
    without, having = (Q(**{f"{field}__isnull": True}), empty), (Q(**{f"{field}__isnull": False}), valued)
    if cursor is None:
        return [having, without] if sort.nullable else [(Q(), valued)]
    before = "lt" if sort.descending != backwards else "gt"
    beyond_pk = Q(**{f"pk__{before}": cursor.pk})
    if cursor.value is None:
        tail = (without[0] & beyond_pk, empty)
        return [tail, having] if backwards else [tail]
    # `a <= x AND (a < x OR id < y)`: the first half bounds the index scan, the second breaks the tie.
    head = Q(**{f"{field}__{before}e": cursor.value}) & (Q(**{f"{field}__{before}": cursor.value}) | beyond_pk)
    return [(head, valued), without] if sort.nullable and not backwards else [(head, valued)]


def reach(queryset: QuerySet, sort: Sort, size: int, cursor: Cursor | None = None) -> Cursor | None:
    """Return the row that lies `size` rows ahead, or None when fewer rows are left; see `upto`."""
    backwards = bool(cursor and cursor.backwards)
    plain = queryset.select_related(None).prefetch_related(None).values("id", sort.field)
    for condition, order in _parts(sort, cursor):
        part = plain.filter(condition).order_by(*order)
        last = part[size : size + 1].first()
        if last:
            return _at(last, sort, backwards=backwards)
        if sort.nullable:
            size -= part[:size].count()
    return None


def upto(last: Cursor, sort: Sort) -> Q:
    """Return the condition that keeps what stands before a row in the direction of travel."""
    side = "gte" if sort.descending != last.backwards else "lte"
    if last.value is None:
        tail = Q(**{f"{sort.field}__isnull": True, f"pk__{side}": last.pk})
        return tail if last.backwards else Q(**{f"{sort.field}__isnull": False}) | tail
    within = Q(**{f"{sort.field}__{side}": last.value})
    return within | Q(**{f"{sort.field}__isnull": True}) if sort.nullable and last.backwards else within
