"""The operation log as a list: its columns and filters."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sellercenter.columns import ListTable, MadeColumn, Setting, TimeColumn
from sellercenter.filters import Custom, Edge, Finder, LastDays, ListFilter, Range, Tab, Text, Words
from sellercenter.keyset import Sort
from sellercenter.log_words import OUTSIDE, kinds, kinds_named, subjects
from sellercenter.models import Event, Shop
from sellercenter.permissions import ActorKind

# So much of what an event keeps is shown on a row; the export has all of it.
_SHOWN = 160


def _happened(shop: Shop, text: str) -> Q:
    return Q(kind__in=kinds_named(text)) | Q(kind=text.strip())


def _what(event: Event, at: Setting) -> str:
    return str(kinds().get(event.kind, event.kind))


def _who(event: Event, at: Setting) -> str:
    return str(OUTSIDE.get(event.actor_kind, event.actor_label))


def _about(event: Event, at: Setting) -> str:
    return str(subjects().get(event.subject_type, event.subject_type))


def _record(event: Any, at: Setting) -> str:
    """Name the record as its own page does; the list looks the names up for all of its rows at once."""
    return str(getattr(event, "record_name", "") or "")


def _details(event: Event, at: Setting) -> str:
    said = "; ".join(f"{name}: {value}" for name, value in event.data.items())
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"


class LogTable(ListTable):
    """The columns of the log."""

    recorded = TimeColumn(_("Written"), "recorded_at", sort="recorded", required=True)
    what = MadeColumn(pgettext_lazy("log", "What happened"), _what, kind="text", required=True)
    record = MadeColumn(_("Record"), _record, kind="link")
    about = MadeColumn(_("Kind of record"), _about, kind="text")
    who = MadeColumn(_("Who"), _who, kind="text")
    details = MadeColumn(_("Details"), _details, kind="text")
    happened = TimeColumn(_("Happened"), "at", shown=False)
    kind = MadeColumn(_("Code"), lambda event, at: event.kind, kind="text", shown=False)

    sorts = {"recorded": Sort("recorded_at", descending=True)}
    default_sort = "recorded"


TABS = (
    Tab("", _("All")),
    Tab("people", _("By people"), Q(member__isnull=False)),
    Tab("itself", _("By itself"), Q(member__isnull=True)),
)


class LogFilter(ListFilter):
    """Everything by which the log is searched."""

    q = Custom(_happened, label=pgettext_lazy("log", "What happened"))
    who = Text(field_name="actor_label", lookup_expr="icontains", label=_("Who"))
    actor = Words(field_name="actor_kind", choices=ActorKind.choices, label=_("Kind of person"))
    about = Words(field_name="subject_type", choices=list(subjects().items()), label=_("Kind of record"))
    recorded = LastDays(field_name="recorded_at")
    recorded_from = Edge(field_name="recorded_at")
    recorded_to = Edge(field_name="recorded_at", upper=True)

    main = ("who", "actor", "recorded_range")
    more = ((_("Record"), ("about",)),)
    ranges = {"recorded_range": Range(_("Written"), "recorded_from", "recorded_to", "recorded")}

    class Meta:
        model = Event
        fields: list[str] = []


matching = Finder(
    *(LogFilter, TABS, Event.objects.for_shop),
    again=_("These filters make no sense any more. Choose the entries again."),
)
