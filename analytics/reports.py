"""Verbs on the daily report: choose when it comes and to whom, make what is owed, and try it on oneself.

A report is owed from the chosen hour of the shop's day on, about the day before. Whoever writes its row, which there
can be once, tells everybody in the same transaction: by one event behind the bells, and by one for each e-mail, whose
sending is tried again by itself. After an outage the report of yesterday comes late, and those before it not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, OuterRef, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from analytics import report_readers
from analytics.models import DailyReport, FigureSetting, ReportCopy, ReportReader
from sellercenter import events, gateways, ticks
from sellercenter.lifecycle import Refused
from sellercenter.models import Channel, Event, Member, Role, Shop
from sellercenter.permissions import SYSTEM, Actor, Perm
from sellercenter.sweeps import each

MADE, COPIED, CHANGED = "report.made", "report.copied", "report.settings_changed"
# What a shop chooses.
PARTS = ("hour", "to_owner", "roles", "by_mail", "lead_days")
# Nobody needs a second trial sooner.
BETWEEN_TRIALS = timedelta(minutes=1)

_LAST = DailyReport.objects.filter(shop=OuterRef("shop")).order_by().values("shop").annotate(day=Max("day"))


def make_due(limit: int) -> int:
    """Make up to `limit` reports that are owed, each once however many processes look; return how many were made."""
    now = ticks.database_now()
    chosen = FigureSetting.objects.filter(hour__isnull=False).select_related("shop").order_by("pk")
    owed = (
        (setting.pk, day)
        for setting in chosen.annotate(last=Subquery(_LAST.values("day")))
        if (day := report_readers.owed_day(setting, now)) and (setting.last is None or setting.last < day)
    )
    return each(islice(owed, limit), lambda one: _make(*one))


@transaction.atomic
def _make(setting_id: int, day: date) -> int:
    """Write the report of a day, unless it is there, and tell everybody who gets it; return 1 when it was written."""
    open_now = FigureSetting.objects.select_for_update(skip_locked=True, of=("self",)).select_related("shop")
    setting = open_now.filter(pk=setting_id, hour__isnull=False).first()
    if setting is None:  # somebody else makes it at this moment, or the owner switches it off
        return 0
    report, new = DailyReport.objects.get_or_create(shop=setting.shop, day=day)
    if not new:
        return 0
    readers = report_readers.recipients(setting)
    events.record(setting.shop, MADE, report, by=SYSTEM, day=day, members=[one.pk for one in readers])
    if setting.by_mail:
        _copy(readers, day, report)
    return 1


def _copy(readers: Sequence[Member], day: date, report: DailyReport) -> None:
    """Owe everybody an e-mail who has an address."""
    copies = [
        ReportCopy(shop=report.shop, report=report, member=one, day=day)
        for one in readers
        if report_readers.address_of(one)
    ]
    events.record_all(COPIED, ReportCopy.objects.bulk_create(copies), by=SYSTEM)


@transaction.atomic
def send_trial(member: Member, *, day: date, by: Actor) -> str:
    """Send a member the report of a day by e-mail now, whatever the shop chose; return the address.

    Refused without an address, where this installation sends no e-mail, and within a minute of the last one.
    """
    by.require(Perm.FIGURES_VIEW)
    if by.member_id != member.pk:
        raise PermissionDenied(f"{by.label} may not send reports to {member.label}")
    address = report_readers.address_of(member)
    if not address:
        raise Refused(_("No e-mail address is known of you. The owner can enter it in the settings."), "no_address")
    if Channel.EMAIL in gateways.without_gateway():
        raise Refused(_("This installation sends no e-mail. Read the report here."), "no_gateway")
    Member.objects.select_for_update(of=("self",)).get(pk=member.pk)
    earlier = ReportCopy.objects.for_shop(member.shop).filter(member=member, report=None)
    if earlier.filter(made_at__gt=Now() - BETWEEN_TRIALS).exists():
        raise Refused(_("A trial has left within the last minute. Look into your e-mail."), "too_soon")
    copy = ReportCopy.objects.create(shop=member.shop, member=member, day=day)
    events.record(member.shop, COPIED, copy, by=by)
    return address


@transaction.atomic
def change(
    shop: Shop, *, values: Mapping[str, Any], readers: Mapping[int, Mapping[str, str]], by: Actor
) -> Event | None:
    """Choose when the report comes and to whom, and how many days new goods take; the history keeps what changed.

    `values` by the names of PARTS; `readers` has, by the keys of members, the `email` and the `language` that are not
    those of the account. Switched on, the first report comes at the next such hour. None when nothing was different.
    Raises ValidationError for what no setting can be, PermissionDenied for roles and people of other shops.
    """
    by.require(Perm.POLICIES_EDIT)
    setting = _locked(shop)
    if strangers := set(values["roles"]) - set(Role.objects.for_shop(shop).values_list("pk", flat=True)):
        raise PermissionDenied(f"roles {sorted(strangers)} are of another shop")
    before = {name: getattr(setting, name) for name in PARTS}
    changed = [name for name in PARTS if values[name] != before[name]]
    people = _change_readers(shop, readers)
    if not changed and not people:
        return None
    begins = before["hour"] is None and values["hour"] is not None
    for name in changed:
        setattr(setting, name, values[name])
    setting.since = ticks.database_now() if begins else setting.since
    setting.full_clean(exclude=["shop"])
    setting.save(update_fields=[*changed, "since"])
    was, now = ({name: told[name] for name in changed} for told in (before, values))
    return events.record(shop, CHANGED, setting, by=by, before=was, after=now, readers=people)


def _locked(shop: Shop) -> FigureSetting:
    FigureSetting.objects.get_or_create(shop=shop)
    return FigureSetting.objects.select_for_update().get(shop=shop)


def _change_readers(shop: Shop, readers: Mapping[int, Mapping[str, str]]) -> list[int]:
    """Keep what was chosen for members; return those for whom it was something else before."""
    team = Member.objects.for_shop(shop).select_related("report_reader").in_bulk([*readers])
    if strangers := readers.keys() - team.keys():
        raise PermissionDenied(f"members {sorted(strangers)} are of another shop")
    changed = []
    for key, chosen in readers.items():
        reader = report_readers.reader_of(team[key])
        if {name: getattr(reader, name) for name in ("email", "language")} == dict(chosen):
            continue
        reader.email, reader.language = chosen["email"], chosen["language"]
        reader.full_clean(exclude=["shop", "member"])
        told = {"shop": shop, "email": reader.email, "language": reader.language}
        ReportReader.objects.update_or_create(member=team[key], defaults=told)
        changed.append(key)
    return changed
