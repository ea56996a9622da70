"""The operation log as a file: a row for each event, with all that it keeps."""

from __future__ import annotations

from django.db.models import Case, CharField, F, TextField, Value, When
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sellercenter.exports.declared import Column, Layout, Source
from sellercenter.log_lists import TABS, LogFilter, LogTable, matching
from sellercenter.log_words import OUTSIDE, kinds, subjects
from sellercenter.permissions import Perm
from sellercenter.sheets import Kind as As
from sellercenter.texts import Text


def _in_words(field: str, words: dict[str, Text], otherwise: str) -> Case:
    """Return the expression of codes in words; what has none is told by another field."""
    whens = [When(**{field: code}, then=Value(str(label))) for code, label in words.items()]
    return Case(*whens, default=F(otherwise), output_field=CharField())


LOG = Source(
    code="log",
    label=_("Operation log"),
    permission=Perm.LOG_VIEW,
    url_name="log_list",
    filterset_class=LogFilter,
    table_class=LogTable,
    tabs=TABS,
    matching=matching,
    layouts=(
        Layout(
            "log",
            _("A row for each event"),
            columns=(
                Column("recorded", _("Written"), "recorded_at", As.STAMP, required=True),
                Column("what", pgettext_lazy("log", "What happened"), lambda: _in_words("kind", dict(kinds()), "kind")),
                Column("kind", _("Code"), "kind", required=True),
                Column(
                    *("about", _("Kind of record")),
                    lambda: _in_words("subject_type", dict(subjects()), "subject_type"),
                ),
                Column("record_id", _("Key of the record"), Cast("subject_id", CharField()), required=True),
                Column("who", _("Who"), lambda: _in_words("actor_kind", OUTSIDE, "actor_label"), required=True),
                Column("happened", _("Happened"), "at", As.STAMP),
                Column("details", _("Details"), Cast("data", TextField())),
                Column("event_id", _("Key of the event"), Cast("pk", CharField()), shown=False),
            ),
        ),
    ),
    time="recorded_at",
    spans=frozenset({"recorded", "recorded_from"}),
    single=frozenset(),
)

SOURCES = [LOG]
