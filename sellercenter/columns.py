"""Columns of lists: declared as django-tables2 columns, prepared once per row, written by one lean template.

A column names the `kind` of its cell (see `templates/rows/table.jinja`) and turns a record into that kind's value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import django_tables2 as tables
from django.db import models
from django.template import engines
from django.templatetags.static import static
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sellercenter import money, times
from sellercenter.keyset import Sort
from sellercenter.models import Shop


@dataclass(frozen=True)
class Setting:
    """What every cell of a page shares: the shop, its zone, the moment of the page, and the year of that moment."""

    shop: Shop
    now: datetime
    zone: ZoneInfo = field(init=False)
    year: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "zone", self.shop.zone)
        object.__setattr__(self, "year", self.now.astimezone(self.shop.zone).year)


class Column(tables.Column):
    """A column of plain text; the base of all others."""

    kind: ClassVar[str] = "text"

    def __init__(
        self, label: Any, field: str = "", *, sort: str = "", shown: bool = True, required: bool = False, css: str = ""
    ) -> None:
        super().__init__(verbose_name=label, accessor=field or None, orderable=bool(sort))
        self.field, self.sort, self.shown, self.required, self.css = field, sort, shown, required, css

    def cell(self, record: Any, at: Setting) -> Any:
        """Prepare the value of one cell."""
        return str(getattr(record, self.field) or "")


class NumberColumn(Column):
    """The record's number, linked to its page."""

    kind = "link"


class MoneyColumn(Column):
    """An amount in the record's currency."""

    kind = "money"

    def cell(self, record: Any, at: Setting) -> str:
        """Write the amount with its currency sign."""
        return money.text(getattr(record, self.field), record.currency)


class TimeColumn(Column):
    """A time on the shop's clock."""

    kind = "time"

    def cell(self, record: Any, at: Setting) -> times.Moment | None:
        """Write the time short, with the whole stamp for hover."""
        return times.moment(getattr(record, self.field), at.zone, this_year=at.year)


class ChoiceColumn(Column):
    """A word of a vocabulary, as a badge in the word's colour or as plain text."""

    def __init__(
        self, label: Any, field: str, choices: type[models.TextChoices], *, badge: bool = False, **options: Any
    ):
        super().__init__(label, field, **options)
        self.choices, self.badge = choices, badge

    @property
    def kind(self) -> str:  # type: ignore[override]
        """The kind of cell: a badge or text."""
        return "badge" if self.badge else "text"

    def cell(self, record: Any, at: Setting) -> Any:
        """Show the word in the reader's language."""
        code = getattr(record, self.field)
        label = labels(self.choices).get(code, code or "")
        return {"code": code, "label": label} if self.badge and code else label


class MadeColumn(Column):
    """A column whose value a function of the room prepares."""

    def __init__(self, label: Any, make: Callable[[Any, Setting], Any], *, kind: str, **options: Any) -> None:
        super().__init__(label, **options)
        self.make, self.made_kind = make, kind

    @property
    def kind(self) -> str:  # type: ignore[override]
        """The kind of cell that the function prepares."""
        return self.made_kind

    def cell(self, record: Any, at: Setting) -> Any:
        """Let the room's function prepare the value."""
        return self.make(record, at)


def labels(choices: type[models.TextChoices] | type[models.IntegerChoices]) -> dict[Any, str]:
    """Return the words of a vocabulary in the reader's language."""
    return _labels(choices, get_language() or "")


@lru_cache(maxsize=256)
def _labels(choices: type[models.TextChoices] | type[models.IntegerChoices], language: str) -> dict[Any, str]:
    return {value: str(label) for value, label in choices.choices}


class ListTable(tables.Table):
    """A list: columns, the ways to sort it, and what marks a row. Only declared; rows are written by `render`."""

    sorts: ClassVar[dict[str, Sort]] = {}
    default_sort: ClassVar[str] = ""

    @classmethod
    def column(cls, name: str) -> Column:
        """Return a declared column."""
        return cls.base_columns[name]

    @classmethod
    def names(cls, wanted: Sequence[str] = ()) -> list[str]:
        """Return the columns to show: those wanted that exist, in that order, and never without the required ones."""
        known: dict[str, Column] = cls.base_columns
        chosen = [name for name in dict.fromkeys(wanted) if name in known]
        chosen = chosen or [name for name, column in known.items() if column.shown]
        return [name for name, column in known.items() if column.required and name not in chosen] + chosen

    @classmethod
    def row_css(cls, record: Any, at: Setting) -> str:
        """Return the class of a row; none unless a list says otherwise."""
        return ""


def heads(table: type[ListTable], names: Sequence[str], sort: str, link: Callable[[str], str]) -> list[dict[str, Any]]:
    """Prepare the column heads; `link` turns a sort word into an address."""
    descending, active = sort.startswith("-"), sort.lstrip("-")
    result = []
    for name in names:
        column = table.column(name)
        sorted_now = bool(column.sort) and column.sort == active
        turned = (column.sort if descending else f"-{column.sort}") if sorted_now else _first(table, column.sort)
        result.append(
            {
                "name": name,
                "label": str(column.verbose_name),
                "kind": column.kind,
                "sort_url": link(turned) if column.sort else "",
                "sorted": ("desc" if descending else "asc") if sorted_now else "",
                "css": column.css,
                "numeric": column.kind == "money",
            }
        )
    return result


def _first(table: type[ListTable], word: str) -> str:
    """Return the direction in which a first click sorts: the one that the list declares."""
    return f"-{word}" if word and table.sorts[word].descending else word


def render(
    table: type[ListTable],
    records: Iterable[Any],
    at: Setting,
    *,
    names: Sequence[str],
    columns: list[dict[str, Any]],
    link: Callable[[Any], str],
    caption: str,
    dense: bool,
    ticks: bool = False,
) -> SafeString:
    """Write the rows of a list as HTML."""
    shown = [(name, table.column(name).cell) for name in names]
    rows = [
        {
            "id": record.pk,
            "label": str(record),
            "url": link(record),
            "css": table.row_css(record, at),
            "cells": {name: cell(record, at) for name, cell in shown},
        }
        for record in records
    ]
    context = {
        "caption": caption,
        "density": "compact" if dense else "",
        "sprite": static("img/icons.svg"),
        "labels": SimpleNamespace(
            copy=_("Copy"), copied=_("Copied"), sort=_("Sort"), tick=_("Tick"), tick_all=_("Tick all")
        ),
        "ticks": ticks,
        "columns": columns,
        "rows": rows,
    }
    # The rows' own engine escapes every value, so what it returns must not be escaped again.
    return SafeString(engines["rows"].get_template("table.jinja").render(context))
