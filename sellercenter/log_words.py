"""What people call what the log tells of: the words of every room for kinds of events, and for kinds of records."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from sellercenter.permissions import ActorKind
from sellercenter.texts import Text

# What happens on the platform itself; every room has words of its own.
WORDS: dict[str, Text] = {
    "fault.replayed": _("What was given up is tried again"),
    "shop.opened": _("Shop opened"),
    "shop.figures_downloaded": _("Table of figures downloaded"),
    "policy.changed": _("Policy of the shop changed"),
    "member.added": _("Sub-account added"),
    "member.role_changed": _("Role changed"),
    "member.disabled": _("Sub-account disabled"),
    "member.enabled": _("Sub-account enabled"),
    "member.password_set": _("Password set"),
    "member.password_refused": _("Wrong password before something private"),
    "member.administered": _("Changed by an administrator"),
    "job.created": _("Long work started"),
    "job.stop_asked": _("Long work to be stopped"),
    "job.ended": _("Long work ended"),
    "import.received": _("File brought"),
    "import.taken_in": _("File taken in"),
    "import.dropped": _("File dropped"),
    "export.asked": _("Export asked for"),
    "export.ready": _("Export written"),
    "export.failed": _("Export failed"),
    "export.downloaded": _("Export downloaded"),
    "export.deleted": _("Export deleted"),
    "export.announced": _("Reader told of a scheduled export"),
    "export.missed": _("Owner told that a scheduled export failed"),
    "export_rule.created": _("Scheduled export added"),
    "export_rule.changed": _("Scheduled export changed"),
    "export_rule.paused": _("Scheduled export paused"),
    "export_rule.resumed": _("Scheduled export let go on"),
    "export_rule.stopped": _("Scheduled export stopped"),
    "export_rule.deleted": _("Scheduled export deleted"),
    "savedview.shared": _("Saved view shared"),
    "savedview.deleted": _("Saved view deleted"),
}
# Who is no person of the shop.
OUTSIDE: dict[str, Text] = {kind.value: kind.label for kind in ActorKind if kind not in ("member", "admin")}


@cache
def kinds() -> Mapping[str, Text]:
    """Return the words for every kind of event that some room has words for."""
    found: dict[str, Text] = {}
    for path in settings.EVENT_WORDS:
        told: dict[str, Any] = import_string(path)
        found |= {kind: words[-1] if isinstance(words, tuple) else words for kind, words in told.items()}
    return found


@cache
def subjects() -> Mapping[str, Text]:
    """Return what each kind of record is called, by the short name under which its history is kept."""
    models = [model for model in apps.get_models() if any(one.name == "shop" for one in model._meta.get_fields())]
    named = {str(model._meta.model_name): model._meta.verbose_name or "" for model in models}
    return named | {"shop": _("shop")}


def kinds_named(text: str) -> list[str]:
    """Return the kinds whose words, in the reader's language, or whose code hold a text."""
    wanted = text.strip().casefold()
    return [kind for kind, words in kinds().items() if wanted in str(words).casefold() or wanted in kind]
