"""Filters of lists: declared with django-filter, strict, shown by one template.

A filter that does not understand its value makes the whole list refuse: an error and no rows, never all rows.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.db.models.functions import Extract
from django.db.models.lookups import In
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.functional import lazy
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from sellercenter.lifecycle import Refused
from sellercenter.models import Shop
from sellercenter.texts import Text as Label
from sellercenter.times import day_start

QUICK_DAYS = (7, 30, 90)
# In an address: where nothing is told.
NOTHING = "-"


class Words(django_filters.MultipleChoiceFilter):
    """Any of the ticked words; `blank` names the choice of the rows without a word."""

    def __init__(self, *args: Any, blank: Label | None = None, **options: Any) -> None:
        choices = [*options.pop("choices"), *([(NOTHING, blank)] if blank is not None else [])]
        super().__init__(*args, distinct=False, choices=choices, **options)

    def filter(self, qs: QuerySet, value: list[str]) -> QuerySet:
        """Keep the rows with one of the words."""
        words = ["" if word == NOTHING else word for word in value]
        return qs.filter(**{f"{self.field_name}__in": words}) if value else qs


class PartOfTime(django_filters.MultipleChoiceFilter):
    """Any of the ticked hours or weekdays of a moment, as the shop's clock shows it.

    The choices count from 0; `first` is the database's number of the first one.
    """

    def __init__(self, part: type[Extract], *args: Any, first: int = 0, **options: Any) -> None:
        super().__init__(*args, distinct=False, **options)
        self.part, self.first = part, first

    def filter(self, qs: QuerySet, value: list[str]) -> QuerySet:
        """Keep the rows whose moment has one of these."""
        part = self.part(self.field_name, tzinfo=self.parent.shop.zone)
        return qs.filter(In(part, [int(one) + self.first for one in value])) if value else qs


class Text(django_filters.CharFilter):
    """A text of sane length."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, max_length=options.pop("max_length", 100), **options)


class Exactly(Text):
    """A text letter by letter; a hyphen means the rows without one."""

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        """Keep the rows with this very text."""
        return qs.filter(**{self.field_name: "" if value == NOTHING else value}) if value else qs

    def said(self, shop: Shop, value: str) -> str:
        """Write the text as it is shown."""
        return "—" if value == NOTHING else value


class KeyField(forms.Field):
    """The key of a record, or a hyphen for none."""

    default_error_messages = {"invalid": gettext_lazy("This is not the key of a record. Open the list anew.")}

    def to_python(self, value: Any) -> str:
        """Return the digits, the hyphen, or nothing."""
        text = str(value or "").strip()
        if text and text != NOTHING and not (text.isascii() and text.isdecimal() and len(text) <= 18):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return text


class Key(django_filters.Filter):
    """A record of the shop by its key, which nobody types: other pages lead here."""

    field_class = KeyField

    def __init__(self, condition: Callable[[int | None], Q], named: Callable[[Shop], QuerySet], **options: Any) -> None:
        super().__init__(**options)
        self.condition, self.named = condition, named

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        """Apply the room's condition."""
        return qs.filter(self.condition(None if value == NOTHING else int(value))) if value else qs

    def said(self, shop: Shop, value: str) -> str:
        """Name the record."""
        if not value.isdecimal() or len(value) > 18:
            return "—" if value == NOTHING else value
        found = self.named(shop).filter(pk=int(value)).first()
        return str(found or value)


class Amount(django_filters.NumberFilter):
    """An amount of money, no finer and no larger than a column of money holds."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, min_value=0, max_digits=14, decimal_places=2, **options)


class DayField(forms.Field):
    """A local day, or a local day and time, as browsers write them."""

    default_error_messages = {"invalid": gettext_lazy("Write a day as 2026-11-22 or a time as 2026-11-22 14:05.")}

    def to_python(self, value: Any) -> date | datetime | None:
        """Return a date, a naive datetime, or None for an empty value."""
        if not value:
            return None
        text = str(value).strip()
        try:
            day = date.fromisoformat(text) if len(text) == 10 else self._time(text)
            # At the ends of the calendar a day has no beginning in every zone.
            if not 1900 <= day.year < 3000:
                raise ValueError(text)
        except ValueError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None
        return day

    @staticmethod
    def _time(text: str) -> datetime:
        value = datetime.fromisoformat(text)
        if value.tzinfo is not None or len(text) < 16:
            raise ValueError(text)
        return value


class Edge(django_filters.Filter):
    """One end of a range of days in the shop's zone; the last day counts whole."""

    field_class = DayField

    def __init__(self, *args: Any, upper: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.upper = upper

    def filter(self, qs: QuerySet, value: date | datetime | None) -> QuerySet:
        """Keep what lies on the right side of the edge."""
        if value is None:
            return qs
        zone = self.parent.shop.zone
        if isinstance(value, datetime):
            return qs.filter(**{f"{self.field_name}__{'lte' if self.upper else 'gte'}": value.replace(tzinfo=zone)})
        if self.upper:
            return qs.filter(**{f"{self.field_name}__lt": day_start(value + timedelta(days=1), zone)})
        return qs.filter(**{f"{self.field_name}__gte": day_start(value, zone)})


def _in_days(n: int) -> str:
    return ngettext("%(n)d day", "%(n)d days", n) % {"n": n}


_days = lazy(_in_days, str)


class LastDays(django_filters.ChoiceFilter):
    """The last 7, 30 or 90 local days, today included."""

    def __init__(self, *args: Any, **options: Any) -> None:
        choices = [(str(n), _days(n)) for n in QUICK_DAYS]
        super().__init__(*args, choices=choices, **options)

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        """Keep what happened since the first of these days began."""
        if not value:
            return qs
        zone = self.parent.shop.zone
        first = self.parent.now.astimezone(zone).date() - timedelta(days=int(value) - 1)
        return qs.filter(**{f"{self.field_name}__gte": day_start(first, zone)})


class Custom(django_filters.CharFilter):
    """A text that a function of the room turns into a condition."""

    def __init__(self, condition: Callable[[Shop, str], Q], **options: Any) -> None:
        super().__init__(max_length=options.pop("max_length", 100), **options)
        self.condition = condition

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        """Apply the room's condition."""
        return qs.filter(self.condition(self.parent.shop, value)) if value else qs


class Pick(django_filters.ChoiceFilter):
    """One word, each with a condition of its own."""

    def __init__(self, conditions: dict[str, tuple[Label, Callable[[Any], Q]]], **options: Any) -> None:
        super().__init__(choices=[(word, label) for word, (label, _q) in conditions.items()], **options)
        self.conditions = conditions

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        """Apply the condition of the chosen word."""
        return qs.filter(self.conditions[value][1](self.parent)) if value else qs


@dataclass(frozen=True)
class Tab:
    """A tab of a list: a name and the condition that its rows meet."""

    code: str
    label: Label
    condition: Q = field(default_factory=Q)
    counted: bool = True


@dataclass(frozen=True)
class Range:
    """Two filters shown as one: from and to; with `quick`, a third for the last days."""

    label: Label
    low: str
    high: str
    quick: str = ""


class ListFilter(django_filters.FilterSet):
    """The filters of one list. `main` stands in the row, `more` in the side panel, `ranges` join two filters in one."""

    main: ClassVar[Sequence[str]] = ()
    more: ClassVar[Sequence[tuple[Label, Sequence[str]]]] = ()
    ranges: ClassVar[dict[str, Range]] = {}
    search: ClassVar[str] = "q"
    # What only addresses ask for: shown as chips, with no control of its own.
    linked: ClassVar[Sequence[str]] = ()
    # What must not stay anywhere: left out of saved views.
    private: ClassVar[frozenset[str]] = frozenset()
    # What a list's address may carry besides filters.
    also: ClassVar[frozenset[str]] = frozenset({"tab", "sort", "after", "cols", "list", "panel"})

    def __init__(self, data: QueryDict, queryset: QuerySet, *, shop: Shop, now: datetime) -> None:
        self.shop, self.now = shop, now
        super().__init__(data, queryset)

    def get_form_class(self) -> type[forms.Form]:
        """Return the form that checks the address; it is the same for every request, so it is built once."""
        return _form_class(type(self))  # type: ignore[arg-type]

    def problems(self) -> list[dict[str, str]]:
        """Say what is wrong with the address; an empty list means that every filter understood its value."""
        problems = [
            {"label": name, "message": _("There is no filter of this name. Remove it from the address.")}
            for name in self.data
            if name not in self.filters and name not in self.also
        ]
        for name, errors in self.form.errors.items():
            problems += [{"label": str(self.label_of(name)), "message": str(error)} for error in errors]
        return problems

    def label_of(self, name: str) -> Label:
        """Return the words for a filter, or for the range that it is an end of."""
        joined = next((r for r in self.ranges.values() if name in (r.low, r.high, r.quick)), None)
        if joined:
            return joined.label
        return self.filters[name].label if name in self.filters else name

    def rows(self) -> QuerySet:
        """Return the rows that pass every filter; call it only when there are no problems."""
        return self.filter_queryset(self.queryset.all())

    def active(self) -> dict[str, list[str]]:
        """Return the filters that hold a value, as they stand in the address."""
        pairs = ((name, [value for value in self.data.getlist(name) if value]) for name in self.filters)
        return {name: values for name, values in pairs if values}

    def shown(self, link: Callable[..., str], carried: Iterable[str]) -> dict[str, Any]:
        """Prepare the filter row and the chips; `link(drop=[...])` makes the addresses.

        What the side panel holds stays in the form as `kept` until somebody opens the panel.
        """
        active = self.active()
        return {
            "search": {
                "name": self.search,
                "id": "id_q",
                "label": str(self.filters[self.search].label),
                "value": self.data.get(self.search, ""),
            },
            "main": [self._field(name) for name in self.main],
            "more_url": link(panel="filters") if self.more else "",
            "kept": [(name, value) for name, values in active.items() if name in self._further for value in values],
            "chips": [self._chip(name, values, link) for name, values in active.items()],
            "errors": [],
            "clear_url": link(drop=[*self.filters, "after", "list"]),
            "hidden": [(name, value) for name in (*carried, *self.linked) for value in self.data.getlist(name)],
        }

    def panel(self) -> list[dict[str, Any]]:
        """Prepare the side panel: the filters beyond the row, which most visits never open."""
        return [{"legend": str(label), "fields": [self._field(n) for n in names]} for label, names in self.more]

    @property
    def _further(self) -> set[str]:
        """The names of the filters in the side panel, with the ends of ranges."""
        names = [name for _label, some in self.more for name in some]
        ends = [(one.low, one.high, one.quick) for name in names if (one := self.ranges.get(name))]
        return {*names, *(name for some in ends for name in some)}

    def _field(self, name: str) -> dict[str, Any]:
        """Prepare a filter with its controls drawn; drawings without typed text are kept and used again."""
        joined = self.ranges.get(name)
        names = (joined.low, joined.high, joined.quick) if joined else (name,)
        values = tuple(value for one in names for value in self.data.getlist(one))
        shape = self._range(name, joined) if joined else self._single(name)
        typed = any(values) and "options" not in shape
        errors = [str(error) for one in names for error in self.form.errors.get(one, ())]
        if typed or errors:
            return {**shape, "html": _draw({**shape, "error": " ".join(errors)})}
        key = (type(self).__qualname__, name, get_language() or "", values)
        return {**shape, "html": _kept(*key, Drawing(shape))}

    def _single(self, name: str) -> dict[str, Any]:
        one = self.filters[name]
        shape: dict[str, Any] = {
            "name": name,
            "id": f"id_{name}",
            "label": str(one.label),
            "help": one.extra.get("help_text"),
        }
        if isinstance(one, (django_filters.ChoiceFilter, django_filters.MultipleChoiceFilter)):
            several = isinstance(one, django_filters.MultipleChoiceFilter)
            chosen = set(self.data.getlist(name))
            options = [
                {"value": str(value), "label": str(label), "selected": str(value) in chosen}
                for value, label in one.extra["choices"]
            ]
            return {
                **shape,
                "kind": "multi" if several else "select",
                "options": options,
                "value": self.data.get(name, ""),
            }
        return {**shape, "kind": "text", "value": self.data.get(name, "")}

    def _range(self, name: str, joined: Range) -> dict[str, Any]:
        quick = [
            {"value": str(value), "label": str(label), "selected": self.data.get(joined.quick) == str(value)}
            for value, label in (self.filters[joined.quick].extra["choices"] if joined.quick else ())
        ]
        return {
            "name": joined.quick or name,
            "id": f"id_{name}",
            "label": str(joined.label),
            "kind": "time_range" if isinstance(self.filters[joined.low], Edge) else "number_range",
            "value": self.data.get(joined.quick, "") if joined.quick else "",
            "from_name": joined.low,
            "from_value": self.data.get(joined.low, ""),
            "to_name": joined.high,
            "to_value": self.data.get(joined.high, ""),
            "quick": quick,
        }

    def _chip(self, name: str, values: list[str], link: Callable[..., str]) -> dict[str, str]:
        one = self.filters[name]
        words = {str(value): str(label) for value, label in one.extra.get("choices") or ()}
        if hasattr(one, "said"):
            words = {value: one.said(self.shop, value) for value in values}
        value = ", ".join(words.get(value, value) for value in values)
        joined = next((r for r in self.ranges.values() if name in (r.low, r.high)), None)
        if joined:
            value = f"≥ {value}" if name == joined.low else f"≤ {value}"
        return {"label": str(self.label_of(name)), "value": value, "remove_url": link(drop=[name, "after"])}


@dataclass(frozen=True)
class Finder:
    """Finds every row that a list shows under an address, for what happens away from the list's own page.

    `rows` are those of a shop before any filter; `again` is the sentence for an address that makes no sense any more.
    """

    filterset_class: type[ListFilter]
    tabs: Sequence[Tab]
    rows: Callable[[Shop], QuerySet]
    again: Label

    def __call__(self, shop: Shop, query: str, *, now: datetime) -> QuerySet:
        """Return the rows, in no order; raises Refused when the address makes no sense."""
        asked = QueryDict(query)
        filters = self.filterset_class(asked, self.rows(shop), shop=shop, now=now)
        code = asked.get("tab", "")
        tab = next((tab for tab in self.tabs or (Tab("", ""),) if tab.code == code), None)
        if tab is None or filters.problems():
            raise Refused(str(self.again), "bad_filter")
        return filters.rows().filter(tab.condition)


class Drawing(dict):
    """A filter's shape that is left out of the comparison of what is kept."""

    def __hash__(self) -> int:  # type: ignore[override]
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Drawing)


def _draw(shape: dict[str, Any]) -> SafeString:
    return render_to_string("parts/filter_field.html", {"field": shape})


@lru_cache(maxsize=2048)
def _kept(filterset: str, name: str, language: str, values: tuple[str, ...], shape: Drawing) -> SafeString:
    return _draw(shape)


@cache
def _form_class(filterset: type[ListFilter]) -> type[forms.Form]:
    fields = {name: copy.copy(one).field for name, one in filterset.base_filters.items()}
    return type(f"{filterset.__name__}Form", (forms.Form,), fields)
