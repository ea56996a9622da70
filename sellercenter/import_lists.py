"""The list of imported files: its columns, filters and tabs."""

from __future__ import annotations

from django.db.models import Case, Q, QuerySet, When
from django.db.models.fields.json import KT
from django.utils.translation import gettext_lazy, pgettext_lazy

from sellercenter import import_kinds
from sellercenter.columns import ChoiceColumn, ListTable, MadeColumn, NumberColumn, Setting, TimeColumn
from sellercenter.filters import Edge, LastDays, ListFilter, Range, Tab, Text, Words
from sellercenter.import_files import FATES
from sellercenter.keyset import Sort
from sellercenter.models import ImportFile, ImportState
from sellercenter.permissions import Actor
from sellercenter.sheets import Kind, say

# What each fate is called: on the page of a file as the head of a figure, in the list behind a number.
WORDS = {
    "new": pgettext_lazy("records of a file", "New"),
    "changed": pgettext_lazy("records of a file", "Changed"),
    "unchanged": pgettext_lazy("records of a file", "Unchanged"),
    "rejected": pgettext_lazy("records of a file", "Refused"),
}


def listed() -> QuerySet[ImportFile]:
    """Return files with the numbers of their records in place of all that was found."""
    over = Q(state=ImportState.DONE)
    numbers = {
        f"n_{fate}": Case(When(over, then=KT(f"outcome__{fate}__records")), default=KT(f"checked__{fate}__records"))
        for fate in FATES
    }
    return ImportFile.objects.defer("checked", "outcome").annotate(**numbers)


def seen_by(actor: Actor) -> Q:
    """Return the condition of the files that somebody may see: those of kinds whose right they hold."""
    shut = [code for code, kind in import_kinds.every_kind().items() if not actor.may(kind.permission)]
    return ~Q(kind__in=shut)


def kind_label(file: ImportFile) -> str:
    """Return what is in the file, in the reader's language; its code when the kind was taken out."""
    kind = import_kinds.every_kind().get(file.kind)
    return str(kind.label) if kind else file.kind


def layout_label(file: ImportFile) -> str:
    """Return whose layout the file has, as people know it; nothing for our own."""
    kind = import_kinds.every_kind().get(file.kind)
    return str(kind.layouts().get(file.layout, "")) if kind and kind.layouts else ""


def count(number: int) -> str:
    """Write a number of records."""
    return say(number, Kind.COUNT, "")


def _numbers(file: ImportFile, at: Setting) -> str:
    found = {fate: int(getattr(file, f"n_{fate}") or 0) for fate in FATES}
    return " · ".join(f"{WORDS[fate]} {count(number)}" for fate, number in found.items() if number)


class ImportTable(ListTable):
    """The columns of the list."""

    title = NumberColumn(gettext_lazy("File"), "title", required=True)
    kind = MadeColumn(gettext_lazy("What is in it"), lambda file, at: kind_label(file), kind="text")
    layout = MadeColumn(gettext_lazy("Layout"), lambda file, at: layout_label(file), kind="text")
    state = ChoiceColumn(gettext_lazy("Status"), "state", ImportState, badge=True)
    numbers = MadeColumn(gettext_lazy("Records"), _numbers, kind="text")
    who = MadeColumn(gettext_lazy("Brought by"), lambda file, at: file.actor_label, kind="text")
    created = TimeColumn(gettext_lazy("Brought"), "created_at", sort="created")
    finished = TimeColumn(gettext_lazy("Ended"), "finished_at", shown=False)

    sorts = {"created": Sort("created_at", descending=True)}
    default_sort = "created"


class ImportFilter(ListFilter):
    """By what imported files are looked for."""

    q = Text(field_name="title", lookup_expr="icontains", label=gettext_lazy("File"))
    state = Words(choices=ImportState.choices, label=gettext_lazy("Status"))
    created = LastDays(field_name="created_at")
    created_from = Edge(field_name="created_at")
    created_to = Edge(field_name="created_at", upper=True)

    main = ("state", "created_range")
    ranges = {"created_range": Range(gettext_lazy("Brought"), "created_from", "created_to", "created")}

    class Meta:
        model = ImportFile
        fields: list[str] = []


TABS = (
    Tab("", gettext_lazy("All")),
    Tab("checked", pgettext_lazy("import", "Wait for you"), Q(state=ImportState.CHECKED)),
    Tab("done", ImportState.DONE.label, Q(state=ImportState.DONE)),
    Tab("failed", ImportState.FAILED.label, Q(state=ImportState.FAILED)),
)
