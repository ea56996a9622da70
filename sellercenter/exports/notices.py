"""Who is told of exports: readers and owners of scheduled ones, and the shop's owner of private data that leaves.

An e-mail leads to the export's page and never holds the file, so that login and right are asked for at the download.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.template import Context
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from sellercenter import sheets
from sellercenter.exports import asking, rules
from sellercenter.exports.declared import every_source
from sellercenter.gateways import Draft
from sellercenter.models import Channel, Event, Export, ExportRule, ExportState, Member, OutgoingMessage
from sellercenter.notifications import Notice, Staff, Subject
from sellercenter.outgoing import Buyers, Composed, Letter, Unreachable
from sellercenter.permissions import Perm, actor_for


def _names(ids: Iterable[int]) -> Mapping[int, str]:
    """Name exports by their rules, and others by their lists."""
    sources = every_source()
    found = Export.objects.filter(pk__in=[*ids]).values_list("pk", "rule__name", "source")
    return {pk: rule or str(sources[code].label if code in sources else code) for pk, rule, code in found}


def _rule_names(ids: Iterable[int]) -> Mapping[int, str]:
    return dict(ExportRule.objects.filter(pk__in=[*ids]).values_list("pk", "name"))


def _members(event: Event) -> Collection[int]:
    return event.data.get("members", ())


def _is_private(event: Event) -> bool:
    return bool(event.data.get("private"))


class Outcome:
    """A consumer that lets rules know what came of their exports."""

    kinds = frozenset({"export.ready", "export.failed"})

    def take(self, told: list[Event]) -> None:
        """Settle the exports of rules; what is settled stays as it is."""
        about = [event.subject_id for event in told]
        for export in Export.objects.filter(pk__in=about, rule__isnull=False).select_related("rule").order_by("pk"):
            rules.settle(export)


OUTCOME = Outcome()
STAFF = Staff(
    notices=(
        Notice(rules.ANNOUNCED, Perm.EXPORTS_CREATE, "download", _("A scheduled export is there"), to=_members),
        Notice(rules.MISSED, Perm.ORDERS_VIEW, "alert-triangle", _("A scheduled export failed"), to=_members),
        Notice(rules.STOPPED, Perm.ORDERS_VIEW, "ban", _("A scheduled export was stopped"), to=_members),
        Notice(
            *("export.asked", Perm.EXPORTS_PRIVATE, "lock-open", _("Private data is being exported")),
            when=_is_private,
            to=_members,
        ),
    ),
    subjects={
        "export": Subject(_names, "export_detail"),
        "exportrule": Subject(_rule_names, "export_rule_change"),
    },
)
# Readers of the team and no buyers; how a message leaves is the same.
READERS = Buyers({rules.ANNOUNCED: Letter(rules.ANNOUNCED, (Channel.EMAIL.value,))})


def compose(message: OutgoingMessage) -> Composed:
    """Write one reader's e-mail that a scheduled export is there, with the link to its page.

    None for a file that is gone and for who may not fetch it any more.
    """
    export = Export.objects.select_related("shop", "rule").filter(pk=message.subject_id).first()
    chosen = _members(message.event) if message.event else ()
    people = Member.objects.for_shop(message.shop).select_related("user", "role")
    reader = people.filter(pk__in=chosen).first()
    if export is None or reader is None or not _is_there(export) or not asking.may_fetch(export, by=actor_for(reader)):
        return None
    if not reader.user.email:
        return Unreachable()
    language = reader.user.language or settings.LANGUAGE_CODE
    with translation.override(language):
        subject, text = written(export)
    return Draft(message.key, message.channel, reader.user.email, subject, text, language)


def _is_there(export: Export) -> bool:
    return export.state == ExportState.READY and export.expires_at is not None and export.expires_at > timezone.now()


def written(export: Export) -> tuple[str, str]:
    """Return the subject and the text of an e-mail about an export, in the language that is active."""
    source, shop = every_source()[export.source], export.shop
    told: dict[str, Any] = {
        "shop": shop.name,
        "name": export.rule.name if export.rule else str(source.label),
        "list": str(source.label),
        "words": export.words,
        "rows": export.rows,
        "as_of": sheets.moment(export.as_of, shop.zone) if export.as_of else "",
        "until": sheets.moment(export.expires_at, shop.zone) if export.expires_at else "",
        "site": settings.SITE_URL,
        "export_url": reverse("export_detail", args=[shop.code, export.pk]),
    }
    plain: Any = get_template("notices/export.announced.txt")
    # Plain text: what is escaped for HTML would be read by people as it stands.
    subject, _line_end, text = plain.template.render(Context(told, autoescape=False)).strip().partition("\n")
    return subject.strip(), text.strip()
