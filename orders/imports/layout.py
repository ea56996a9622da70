"""What a layout is: the columns of a kind of file, under which names they come, and the way from rows to facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from django.db import models

from sellercenter.imports import Header, Row, squeezed

if TYPE_CHECKING:
    from orders.facts import OrderFacts
    from sellercenter.models import Shop


class Of(StrEnum):
    """What a column speaks of."""

    ORDER = "order"
    LINE = "line"
    PARCEL = "parcel"


class As(StrEnum):
    """How a column's cells are written."""

    ID = "id"
    TEXT = "text"
    EMAIL = "e-mail"
    WORD = "word"
    TIME = "time"
    UNTIL = "time, a date alone until its end"
    MONEY = "money"
    SIGNED = "signed money"
    COUNT = "count"
    TALLY = "count, none too"
    RATE = "rate"
    FLAG = "flag"
    YES = "yes or no"
    PAYMENTS = "payments"
    CURRENCY = "currency"


class Dates(StrEnum):
    """In which order a file writes day, month and year; a year that stands first is understood everywhere."""

    YEAR_FIRST = "year-month-day"
    DAY_FIRST = "day/month/year"
    MONTH_FIRST = "month/day/year"


class OrderReader(Protocol):
    """Turns all rows of one order into facts; `notes` hold what is worth a note about the order read last."""

    notes: list[str]

    def __call__(self, rows: list[Row]) -> OrderFacts:
        """Return the facts; raises RejectedOrder with every reason at once."""
        ...


@dataclass(frozen=True)
class Column:
    """One column: its name and other names, what it speaks of, how it is written, and where its value goes.

    `words` are the words of our own that it may hold, `meanings` those of another platform with what they mean here;
    `otherwise` is what any other word means, without it such a word is refused.
    """

    name: str
    of: Of
    kind: As
    field: str
    aliases: tuple[str, ...] = ()
    required: bool = False
    limit: int = 0
    words: type[models.TextChoices] | None = None
    private: bool = False
    meanings: Mapping[str, object] | None = None
    otherwise: object = None


@dataclass(frozen=True)
class Layout:
    """A kind of file: its columns, the one that names the order, and what turns an order's rows into facts.

    `unread` are columns that are known and left out, so that nobody is told of them. `explained` says that rows which
    explain the columns may stand below the header. `settle` looks through a whole file before it is read and returns
    the layout with what the file decides, such as `dates`, and notes; `site_dates` is what a header alone says of them.
    `currency` is that of every file of a platform that pays in one alone.
    """

    code: str
    columns: tuple[Column, ...]
    key: str
    reader: Callable[[Layout, Header, Shop], OrderReader]
    unread: tuple[str, ...] = ()
    explained: bool = False
    settle: Callable[[Layout, Header, Iterable[Row]], tuple[Layout, list[str]]] | None = None
    site_dates: Callable[[Header], Dates] | None = None
    dates: Dates = Dates.YEAR_FIRST
    currency: str = ""

    @property
    def names(self) -> dict[str, str]:
        """Return the column for each squeezed name and alias."""
        read = {squeezed(name): column.name for column in self.columns for name in (column.name, *column.aliases)}
        return {squeezed(name): name for name in self.unread} | read

    @property
    def required(self) -> list[str]:
        """Return the columns without which no file can be read."""
        return [column.name for column in self.columns if column.required]

    def recognises(self, cells: Sequence[str]) -> bool:
        """Say whether a row is the header of such a file: the order's own column and half of the required ones."""
        found = self._found(cells)
        return self.key in found and 2 * len(found.intersection(self.required)) >= len(self.required)

    def match(self, cells: Sequence[str]) -> tuple[bool, int]:
        """Say how well a header is this layout's: whether all that is required is there, and how much is known."""
        found = self._found(cells)
        return found.issuperset(self.required), len(found)

    def _found(self, cells: Sequence[str]) -> set[str]:
        names = self.names
        return {names[name] for name in map(squeezed, cells) if name in names}
