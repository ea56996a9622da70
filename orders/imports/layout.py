"""What a layout is: the columns of a kind of file, under which names they come, and the way from rows to facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

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
    RATE = "rate"
    FLAG = "flag"
    YES = "yes or no"
    PAYMENTS = "payments"
    CURRENCY = "currency"


@dataclass(frozen=True)
class Column:
    """One column: its name and other names, what it speaks of, how it is written, and where its value goes."""

    name: str
    of: Of
    kind: As
    field: str
    aliases: tuple[str, ...] = ()
    required: bool = False
    limit: int = 0
    words: type[models.TextChoices] | None = None
    private: bool = False


@dataclass(frozen=True)
class Layout:
    """A kind of file: its columns, the one that names the order, and what turns an order's rows into facts."""

    code: str
    columns: tuple[Column, ...]
    key: str
    reader: Callable[[Layout, Header, Shop], Callable[[list[Row]], OrderFacts]]

    @property
    def names(self) -> dict[str, str]:
        """Return the column for each squeezed name and alias."""
        return {squeezed(name): column.name for column in self.columns for name in (column.name, *column.aliases)}

    @property
    def required(self) -> list[str]:
        """Return the columns without which no file can be read."""
        return [column.name for column in self.columns if column.required]

    def recognises(self, cells: Sequence[str]) -> bool:
        """Say whether a row is the header of such a file: the order's own column and half of the required ones."""
        found = {self.names.get(squeezed(cell)) for cell in cells}
        return self.key in found and 2 * len(found.intersection(self.required)) >= len(self.required)
