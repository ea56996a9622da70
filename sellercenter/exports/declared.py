"""What can be exported: sources with their layouts and columns. Each room declares its own, listed in settings.EXPORTS.

A column's value is an expression of the ORM, so that PostgreSQL writes the cells itself; see
`sellercenter/exports/statements.py`. What is encrypted names besides what it needs to be opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.db import models
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from django.http import QueryDict
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from sellercenter.addresses import normal, without
from sellercenter.columns import ListTable, labels
from sellercenter.filters import ListFilter, Tab
from sellercenter.keyset import Sort
from sellercenter.lifecycle import Refused
from sellercenter.models import Shop
from sellercenter.permissions import Perm
from sellercenter.sheets import Kind
from sellercenter.texts import Text

# Of an address: where in the list somebody is, how it is shown, and numbers that are forgotten in time.
_PASSING = frozenset({"after", "cols", "panel", "list"})
# What may be a phone in a search box; the numbers of orders are longer.
_PHONE = re.compile(r"\+?[\d ().-]{7,17}")


@dataclass(frozen=True)
class Opened:
    """How a private value is read in plain: from which fields of the row, by which function of the shop and them."""

    fields: tuple[str, ...]
    read: Callable[..., str]


@dataclass(frozen=True)
class Column:
    """One column: its head, what its values are, and the expression that gives them.

    `value` is a field's path, an expression, or a function that makes one when the export is written, in the reader's
    language. A private column gives what everybody may see; `opened` says how it is read in plain.
    """

    name: str
    label: Text
    value: Any
    kind: Kind = Kind.TEXT
    shown: bool = True
    required: bool = False
    opened: Opened | None = None

    def expression(self) -> Any:
        """Return the expression of the value."""
        value = self.value() if callable(self.value) and not hasattr(self.value, "resolve_expression") else self.value
        return F(value) if isinstance(value, str) else value


class Words:
    """The expression of a vocabulary's words in the reader's language, instead of its codes."""

    def __init__(
        self, field: str, choices: type[models.TextChoices] | type[models.IntegerChoices], *, empty: str = ""
    ) -> None:
        self.field, self.choices, self.empty = field, choices, empty

    def __call__(self) -> Case:
        """Make the expression; what is not in the vocabulary is left empty."""
        said = labels(self.choices).items()
        whens = [When(**{self.field: code}, then=Value(label)) for code, label in said if code != ""]
        return Case(*whens, default=Value(self.empty), output_field=CharField())


@dataclass(frozen=True)
class Layout:
    """One way to write a source's rows: its columns, and what a row stands for.

    `prepare` adds to the list's rows what the columns need and may make several rows of one, in the order `then`; the
    rows that `expected` names are as many, and are found from the list's rows in another way. A `fixed` layout has all
    of its columns in their order, as other programs read them. `bare` files begin with the header, as other programs
    expect; `second` are the cells of a row below the header.
    """

    code: str
    label: Text
    columns: tuple[Column, ...]
    help: Text = ""
    prepare: Callable[[QuerySet], QuerySet] | None = None
    expected: Callable[[QuerySet], Sequence[QuerySet]] | None = None
    then: tuple[str, ...] = ()
    fixed: bool = False
    bare: bool = False
    second: tuple[str, ...] = ()

    def named(self, wanted: Sequence[str] = ()) -> list[Column]:
        """Return the columns to write: those wanted that exist, in that order, never without the required ones."""
        if self.fixed:
            return list(self.columns)
        known = {column.name: column for column in self.columns}
        chosen = [name for name in dict.fromkeys(wanted) if name in known]
        chosen = chosen or [column.name for column in self.columns if column.shown]
        kept = [column.name for column in self.columns if column.required and column.name not in chosen]
        return [known[name] for name in (*kept, *chosen)]

    @property
    def has_private(self) -> bool:
        """Say whether any column can be read in plain."""
        return any(column.opened for column in self.columns)


class Matching(Protocol):
    """Finds the rows of a list's address; raises Refused when it makes no sense any more."""

    def __call__(self, shop: Shop, query: str, *, now: datetime) -> QuerySet:
        """Return the rows, in no order."""


@dataclass(frozen=True)
class Source:
    """A list that can be exported: the right that opens it, how its address becomes rows, and the layouts.

    `time` is the field by which a time is chosen when the list chooses none; `spans` are the filters that choose one.
    """

    code: str
    label: Text
    permission: Perm
    url_name: str
    filterset_class: type[ListFilter]
    table_class: type[ListTable]
    tabs: Sequence[Tab]
    matching: Matching
    layouts: tuple[Layout, ...]
    time: str = ""
    spans: frozenset[str] = frozenset()
    # Parts of an address that choose single records, whatever their time.
    single: frozenset[str] = field(default=frozenset({"q", "list"}))

    def layout(self, code: str) -> Layout:
        """Return a layout; raises Refused for an unknown code."""
        found = next((layout for layout in self.layouts if layout.code == code), None)
        if found is None:
            raise Refused(_("There is no layout “%s” here.") % code[:40], "unknown_layout")
        return found

    def filters(self, shop: Shop, query: str, now: datetime) -> ListFilter:
        """Return the list's filters as an address has them."""
        return self.filterset_class(QueryDict(query), self.rows_of(shop), shop=shop, now=now)

    def rows_of(self, shop: Shop) -> QuerySet:
        """Return every record of the shop that the list is about."""
        model: Any = self.filterset_class._meta.model
        return model._default_manager.for_shop(shop)

    def chooses_time(self, query: str) -> bool:
        """Say whether an address chooses a time, or single records."""
        asked = QueryDict(query)
        return not self.time or any(asked.get(name) for name in (*self.spans, *self.single))

    def rows(self, shop: Shop, query: str, *, days: int, now: datetime) -> QuerySet:
        """Return the rows of an address, of the last days when any are given; raises Refused."""
        found = self.matching(shop, query, now=now)
        return found.filter(self.window(days, now)) if days and self.time else found

    def window(self, days: int, now: datetime) -> Q:
        """Return the condition of the last days."""
        return Q(**{f"{self.time}__gte": now - timedelta(days=days)})

    def sort(self, query: str) -> Sort:
        """Return the order that an address names; raises Refused for a word that is none."""
        table = self.table_class
        word = QueryDict(query).get("sort") or ""
        declared = table.sorts.get(word.lstrip("-") or table.default_sort)
        if declared is None:
            raise Refused(_("“%s” is not a way to sort this list.") % word[:40], "bad_sort")
        descending = word.startswith("-") if word else declared.descending
        return Sort(declared.field, descending, declared.nullable, declared.type)

    def sorted_by(self, query: str) -> str:
        """Return the words for the order that an address names."""
        word = (QueryDict(query).get("sort") or "").lstrip("-") or self.table_class.default_sort
        columns = self.table_class.base_columns.values()
        label = next((str(column.verbose_name) for column in columns if column.sort == word), word)
        return f"{label} {'↓' if self.sort(query).descending else '↑'}"

    def order(self, query: str) -> list[Any]:
        """Return the terms of ORDER BY that give the list's own order: what has no value comes last."""
        sort = self.sort(query)
        term: Any = F(sort.field)
        if sort.nullable:
            term = term.desc(nulls_last=True) if sort.descending else term.asc(nulls_last=True)
        else:
            term = term.desc() if sort.descending else term.asc()
        return [term, f"{sort.sign}pk"]

    def hides(self, name: str, value: str) -> bool:
        """Say whether what a filter looks for is private, or may be a phone in the search box."""
        filters = self.filterset_class
        return name in filters.private or (name == filters.search and bool(_PHONE.fullmatch(value.strip())))

    def _hides_any(self, name: str, values: Sequence[str]) -> bool:
        return any(self.hides(name, value) for value in values)

    def kept(self, query: str) -> str:
        """Return of an address what may be kept for later: nothing private, nothing that passes."""
        asked = QueryDict(normal(query))
        hidden = {name for name, values in asked.lists() if self._hides_any(name, values)}
        return without(asked.urlencode(), {*_PASSING, *hidden})

    def words(self, shop: Shop, query: str, now: datetime) -> list[list[str]]:
        """Tell the filter of an address as people read it, in pairs; what is private is named without its value."""
        filters = self.filters(shop, query, now)
        asked = QueryDict(query)
        tab = next((tab for tab in self.tabs if tab.code == asked.get("tab", "")), None)
        said = [[str(_("Tab")), str(tab.label)]] if tab and tab.code else []
        chips = filters.shown(lambda **_parts: "", ())["chips"]
        for (name, values), chip in zip(filters.active().items(), chips, strict=True):
            said.append([chip["label"], "***" if self._hides_any(name, values) else chip["value"]])
        if asked.get("list"):
            said.append([str(_("Pasted numbers")), ""])
        return said


@cache
def every_source() -> dict[str, Source]:
    """Return every source that the installed rooms declare, by its code."""
    return {source.code: source for path in settings.EXPORTS for source in import_string(path)}


def find(code: str) -> Source:
    """Return the source of this code; raises Refused when there is none, as after a room was taken out."""
    source = every_source().get(code)
    if source is None:
        raise Refused(_("There is no list “%s” to export.") % code[:40], "unknown_source")
    return source
