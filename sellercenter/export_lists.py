"""The list of exports: its columns, filters and tabs, and which of them somebody sees."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from sellercenter import exports
from sellercenter.columns import ListTable, MadeColumn, NumberColumn, Setting, TimeColumn
from sellercenter.filters import Edge, LastDays, ListFilter, Range, Tab, Text, Words
from sellercenter.keyset import Sort
from sellercenter.models import Export, ExportState, FileForm
from sellercenter.permissions import Actor, Perm
from sellercenter.sheets import Kind, say

# A file that can be fetched looks like what is done, one that is gone like what has ended.
_SHADES = {ExportState.READY: "done", ExportState.GONE: "ended"}


def seen_by(actor: Actor) -> Q:
    """Return the condition of the exports that somebody may see and fetch; see `exports.may_fetch`."""
    permitted = [one.code for one in exports.every_source().values() if actor.may(one.permission)]
    listed = Q(source__in=permitted)
    if not actor.may(Perm.EXPORTS_PRIVATE):
        return listed & Q(private=False)
    return listed if actor.may(Perm.MEMBERS_MANAGE) else listed & (Q(private=False) | Q(member_id=actor.member_id or 0))


def what_label(export: Export) -> str:
    """Return which list is in the file, in the reader's language; its code when the list was taken out."""
    source = exports.every_source().get(export.source)
    return str(source.label) if source else export.source


def layout_label(export: Export) -> str:
    """Return what a row of the file stands for; the code when the layout was taken out."""
    source = exports.every_source().get(export.source)
    layouts = {one.code: one.label for one in source.layouts} if source else {}
    return str(layouts.get(export.layout, export.layout))


def is_there(export: Export, now: datetime) -> bool:
    """Say whether the file can be fetched: it is ready, and its time is not over."""
    return export.state == ExportState.READY and export.expires_at is not None and export.expires_at > now


def badges(export: Export, now: datetime) -> list[dict[str, Any]]:
    """Prepare the state of an export, and that it holds private data when it does."""
    state = ExportState(export.state)
    if state == ExportState.READY and not is_there(export, now):
        state = ExportState.GONE
    shown = [{"code": _SHADES.get(state, state.value), "label": state.label}]
    return [*shown, {"code": "late", "label": _("Private data")}] if export.private else shown


def count(number: int | None) -> str:
    """Write a number of rows; empty when there is none yet."""
    return "" if number is None else say(number, Kind.COUNT, "")


def size(export: Export) -> str:
    """Write how large the file is; empty when there is none yet."""
    return "" if export.size is None else filesizeformat(export.size)


def _fetch(export: Export, at: Setting) -> dict[str, Any] | None:
    if not is_there(export, at.now):
        return None
    return {"label": _("Download"), "url": reverse("export_fetch", args=[at.shop.code, export.pk]), "send": True}


class ExportTable(ListTable):
    """The columns of the list."""

    number = NumberColumn(gettext_lazy("No."), "pk", required=True)
    what = MadeColumn(gettext_lazy("List"), lambda one, at: what_label(one), kind="text", required=True)
    layout = MadeColumn(gettext_lazy("Layout"), lambda one, at: layout_label(one), kind="text")
    form = MadeColumn(gettext_lazy("Format"), lambda one, at: FileForm(one.form).label, kind="text")
    state = MadeColumn(gettext_lazy("Status"), lambda one, at: badges(one, at.now), kind="badges")
    rows = MadeColumn(pgettext_lazy("export", "Rows"), lambda one, at: count(one.rows), kind="text")
    size = MadeColumn(gettext_lazy("Size"), lambda one, at: size(one), kind="text")
    who = MadeColumn(gettext_lazy("Asked for by"), lambda one, at: one.actor_label, kind="text")
    created = TimeColumn(pgettext_lazy("export", "Asked for"), "created_at", sort="created")
    kept = TimeColumn(gettext_lazy("Kept until"), "expires_at")
    fetch = MadeColumn(gettext_lazy("File"), _fetch, kind="action")

    sorts = {"created": Sort("created_at", descending=True)}
    default_sort = "created"


class ExportFilter(ListFilter):
    """By what exports are looked for."""

    q = Text(field_name="actor_label", lookup_expr="icontains", label=gettext_lazy("Asked for by"))
    state = Words(choices=ExportState.choices, label=gettext_lazy("Status"))
    form = Words(choices=FileForm.choices, label=gettext_lazy("Format"))
    created = LastDays(field_name="created_at")
    created_from = Edge(field_name="created_at")
    created_to = Edge(field_name="created_at", upper=True)

    main = ("state", "form", "created_range")
    ranges = {"created_range": Range(pgettext_lazy("export", "Asked for"), "created_from", "created_to", "created")}

    class Meta:
        model = Export
        fields: list[str] = []


TABS = (
    Tab("", gettext_lazy("All")),
    Tab("ready", ExportState.READY.label, Q(state=ExportState.READY)),
    Tab("waiting", ExportState.WAITING.label, Q(state=ExportState.WAITING)),
    Tab("failed", ExportState.FAILED.label, Q(state=ExportState.FAILED)),
    Tab("gone", ExportState.GONE.label, Q(state=ExportState.GONE)),
)
