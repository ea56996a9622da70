"""Verbs on scheduled exports: keep a rule, make what is owed, and tell people what came of it.

A rule has its turn at an hour of the shop's day, and asks for its export with the rights that its owner has then. What
is asked for, and when the next turn is, is written in one transaction, so each turn makes one file however many
processes look. After an outage the newest turn is made up for, and those before it are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _

from sellercenter import events, ticks
from sellercenter.exports import asking, slots
from sellercenter.exports.declared import Layout, Source, find
from sellercenter.lifecycle import Refused
from sellercenter.models import Every, Export, ExportRule, ExportState, FileForm, Member, Shop
from sellercenter.permissions import SYSTEM, Actor, Perm, actor_for
from sellercenter.sweeps import each

MOST_RULES = 20
# So many failures in a row stop a rule.
PATIENCE = 5
# A turn for which too many files are being written waits so long.
_LATER = timedelta(minutes=1)
# What a person changes of a rule.
PARTS = ("name", "columns", "form", "every", "hour")
ANNOUNCED, MISSED, STOPPED = "export.announced", "export.missed", "export_rule.stopped"
_BEGUN = ("export_rule.created", "export_rule.changed", "export_rule.resumed")


@transaction.atomic
def add(
    member: Member,
    *,
    name: str,
    source: Source,
    layout: Layout,
    columns: Sequence[str],
    form: FileForm,
    query: str,
    every: Every,
    hour: int,
    readers: Sequence[Member],
    by: Actor,
) -> ExportRule:
    """Make exports of a list again and again from now on, with a member's rights; its first turn is still to come.

    Of the list's address is kept what lasts: nothing private, no single records, no choice of the time that the rule
    itself sets. Raises PermissionDenied without the rights, Refused for a name that is taken, for an address that
    makes no sense, and when the shop has too many rules.
    """
    for right in (Perm.EXPORTS_CREATE, source.permission):
        by.require(right)
    if by.member_id != member.pk:
        raise PermissionDenied(f"{by.label} may not lend the rights of {member.label}")
    shop = Shop.objects.select_for_update(no_key=True).get(pk=member.shop_id)
    rules = ExportRule.objects.for_shop(shop)
    if rules.count() >= MOST_RULES:
        raise Refused(_("There are %d scheduled exports already. Delete one first.") % MOST_RULES, "too_many_rules")
    _has_free_name(rules, name)
    now, kept = ticks.database_now(), slots.lasting(source, query)
    source.rows(shop, kept, days=0, now=now)
    source.sort(kept)
    rule = ExportRule.objects.create(
        **{"shop": shop, "member": member, "name": name, "source": source.code, "layout": layout.code},
        **{"form": form, "query": kept, "every": every, "hour": hour},
        columns=_columns(layout, columns),
        next_at=slots.coming(every, hour, shop.zone, now),
    )
    _set_readers(rule, readers)
    events.record(shop, "export_rule.created", rule, by=by, **_told(rule), after=0)
    return rule


@transaction.atomic
def change(rule: ExportRule, *, values: dict[str, Any], readers: Sequence[Member], by: Actor) -> None:
    """Change name, columns, form or times of one's own rule, by the names of PARTS, and who is told.

    A rule that runs has its next turn at the new time; failures are counted anew.
    """
    by.require(Perm.EXPORTS_CREATE)
    current = _locked(rule)
    _needs_owner(current, by)
    # Names are given one after the other.
    shop = Shop.objects.select_for_update(no_key=True).get(pk=current.shop_id)
    _has_free_name(ExportRule.objects.for_shop(shop).exclude(pk=current.pk), values["name"])
    layout = find(current.source).layout(current.layout)
    for part in PARTS:
        setattr(current, part, _columns(layout, values[part]) if part == "columns" else values[part])
    if current.next_at is not None:
        current.next_at = _coming(current)
    current.failures = 0
    current.save(update_fields=[*PARTS, "next_at", "failures"])
    _set_readers(current, readers)
    events.record(current.shop, "export_rule.changed", current, by=by, **_told(current), after=_newest(current))


@transaction.atomic
def pause(rule: ExportRule, *, by: Actor) -> None:
    """Let a rule rest until its owner lets it go on: one's own, or anybody's for who manages people."""
    current = _locked(rule)
    _may_end(current, by)
    if current.next_at is None:
        raise Refused(_("This scheduled export rests already."), "rests")
    ExportRule.objects.filter(pk=current.pk).update(next_at=None)
    events.record(current.shop, "export_rule.paused", current, by=by, name=current.name)


@transaction.atomic
def resume(rule: ExportRule, *, by: Actor) -> None:
    """Let one's own rule go on from its next turn, with its failures forgotten."""
    by.require(Perm.EXPORTS_CREATE)
    current = _locked(rule)
    _needs_owner(current, by)
    if current.next_at is not None:
        raise Refused(_("This scheduled export is under way."), "runs")
    ExportRule.objects.filter(pk=current.pk).update(next_at=_coming(current), failures=0, stopped_because="")
    told: dict[str, Any] = {"name": current.name, "after": _newest(current)}
    events.record(current.shop, "export_rule.resumed", current, by=by, **told)


@transaction.atomic
def run_now(rule: ExportRule, *, by: Actor) -> Export:
    """Make the export of one's own rule of its newest whole days at once; its turns stay as they are."""
    current = _locked(rule)
    _needs_owner(current, by)
    today = ticks.database_now().astimezone(current.shop.zone).date()
    return _ask(current, slots.turn_before(current.every, today), slot=None, by=by)


@transaction.atomic
def remove(rule: ExportRule, *, by: Actor) -> None:
    """Forget a rule: one's own, or anybody's for who manages people. The files that it made stay."""
    current = _locked(rule)
    _may_end(current, by)
    events.record(current.shop, "export_rule.deleted", current, by=by, **_told(current))
    current.delete()


def _locked(rule: ExportRule) -> ExportRule:
    found = ExportRule.objects.select_for_update(of=("self",)).select_related("shop__policy", "member__user")
    current = found.filter(pk=rule.pk).first()
    if current is None:
        raise Refused(_("Somebody deleted this scheduled export."), "gone")
    return current


def _needs_owner(rule: ExportRule, by: Actor) -> None:
    if rule.member_id != by.member_id:
        raise Refused(_("Only %s can do this, with whose rights the files are made.") % rule.member.label, "not_yours")


def _may_end(rule: ExportRule, by: Actor) -> None:
    if not by.may(Perm.MEMBERS_MANAGE):
        _needs_owner(rule, by)


def _has_free_name(others: Any, name: str) -> None:
    if others.filter(name=name).exists():
        raise Refused(_("There is a scheduled export of this name. Choose another one."), "name_taken")


def _columns(layout: Layout, wanted: Sequence[str]) -> list[str]:
    return [] if layout.fixed else [column.name for column in layout.named(wanted)]


def _set_readers(rule: ExportRule, readers: Sequence[Member]) -> None:
    if strangers := [one.pk for one in readers if one.shop_id != rule.shop_id]:
        raise PermissionDenied(f"members {strangers} are of another shop")
    rule.readers.set(readers)


def _told(rule: ExportRule) -> dict[str, Any]:
    # Without the filter, which may hold the name of a buyer.
    parts = ("name", "source", "layout", "form", "every", "hour")
    return {part: str(getattr(rule, part)) for part in parts}


def _newest(rule: ExportRule) -> int:
    """Return the newest export of a rule; what comes after it counts from then on."""
    return rule.exports.aggregate(newest=Max("pk"))["newest"] or 0


def _coming(rule: ExportRule) -> datetime:
    return slots.coming(rule.every, rule.hour, rule.shop.zone, ticks.database_now())


# --- What is owed -----------------------------------------------------------------------------------------------------


def make_due(limit: int) -> int:
    """Ask for up to `limit` exports that rules owe, each turn once; return how many rules had their turn."""
    owed = ExportRule.objects.filter(next_at__lte=Now()).order_by("next_at", "pk")
    return each(list(owed.values_list("pk", flat=True)[:limit]), _make)


@transaction.atomic
def _make(pk: int) -> int:
    """Let a rule have its newest turn, unless it had it; return 1 when its next one is planned."""
    locked = ExportRule.objects.select_for_update(skip_locked=True, of=("self",))
    people = ("shop__policy", "member__user", "member__role")
    rule = locked.select_related(*people).filter(pk=pk, next_at__lte=Now()).first()
    if rule is None:  # another process has it at this moment, or somebody let it rest
        return 0
    with translation.override(rule.member.user.language or settings.LANGUAGE_CODE):
        if not rule.member.active:
            _stop(rule, _("%s has left the shop.") % rule.member.label)
            return 1
        slot, turn = slots.newest(rule.every, rule.hour, rule.shop.zone, ticks.database_now())
        if not rule.exports.filter(slot=slot).exists() and not _had_turn(rule, slot, turn):
            ExportRule.objects.filter(pk=pk).update(next_at=Now() + _LATER)
            return 0
    ExportRule.objects.filter(pk=pk).update(next_at=_coming(rule))
    return 1


def _had_turn(rule: ExportRule, slot: datetime, turn: date) -> bool:
    """Ask for the export of a turn, or keep why there is none; False when it has to wait until others are written."""
    by = actor_for(rule.member)
    try:
        with transaction.atomic():
            _ask(rule, turn, slot=slot, by=by)
    except Refused as refused:
        if refused.code == "too_many":
            return False
        _miss(rule, slot, str(refused.message))
    except PermissionDenied:
        _miss(rule, slot, _lost(rule, by))
    return True


def _ask(rule: ExportRule, turn: date, *, slot: datetime | None, by: Actor) -> Export:
    source = find(rule.source)
    return asking.ask(
        rule.member,
        source=source,
        layout=source.layout(rule.layout),
        columns=rule.columns,
        form=FileForm(rule.form),
        query=slots.about(source, rule.query, rule.every, turn),
        rule=rule,
        slot=slot,
        by=by,
    )


def _lost(rule: ExportRule, by: Actor) -> str:
    """Say which right is missing."""
    wanted = (Perm.EXPORTS_CREATE, find(rule.source).permission)
    right = next((one for one in wanted if not by.may(one)), wanted[0])
    said = {"name": by.label, "right": right.label}
    return _("%(name)s does not hold the right “%(right)s” any more.") % said


def _miss(rule: ExportRule, slot: datetime, why: str) -> None:
    """Keep that a turn made no file, where its other files stand."""
    export = Export.objects.create(
        **{"shop": rule.shop, "member": rule.member, "rule": rule, "slot": slot, "actor_label": rule.member.label},
        **{"source": rule.source, "layout": rule.layout, "columns": rule.columns, "form": rule.form},
        state=ExportState.FAILED,
        error=why[:300],
    )
    events.record(rule.shop, "export.failed", export, by=SYSTEM, source=rule.source)


def _stop(rule: ExportRule, why: str) -> None:
    """Let a rule make nothing more, and tell its owner; that of the shop when this one has left."""
    stopped = ExportRule.objects.filter(pk=rule.pk, next_at__isnull=False)
    if not stopped.update(next_at=None, stopped_because=why[:300]):
        return
    team = Member.objects.for_shop(rule.shop)
    told = [rule.member_id] if rule.member.active else list(team.filter(owner=True).values_list("pk", flat=True))
    events.record(rule.shop, STOPPED, rule, by=SYSTEM, name=rule.name, members=told)


# --- What came of it --------------------------------------------------------------------------------------------------


@transaction.atomic
def settle(export: Export) -> None:
    """Tell what came of a rule's export, once: its readers that it is there, or its owner that there is none."""
    found = ExportRule.objects.select_for_update(of=("self",)).select_related("shop", "member__user")
    rule = found.filter(pk=export.rule_id or 0).first()
    if rule is None or _is_settled(export):
        return
    if export.state == ExportState.READY:
        ExportRule.objects.filter(pk=rule.pk).update(failures=0)
        _announce(export, rule)
    elif export.state == ExportState.FAILED:
        _count(export, rule)


def _is_settled(export: Export) -> bool:
    return events.of(export).filter(kind__in=(ANNOUNCED, MISSED)).exists()


def _announce(export: Export, rule: ExportRule) -> None:
    """Tell the readers who may fetch the file; each event has one person's notice and e-mail behind it."""
    for reader in rule.readers.select_related("user", "role"):
        if asking.may_fetch(export, by=actor_for(reader)):
            events.record(rule.shop, ANNOUNCED, export, by=SYSTEM, members=[reader.pk])


def _count(export: Export, rule: ExportRule) -> None:
    failures = failures_in_a_row(rule)
    ExportRule.objects.filter(pk=rule.pk).update(failures=failures)
    events.record(rule.shop, MISSED, export, by=SYSTEM, members=[rule.member_id], failures=failures)
    if failures >= PATIENCE:
        with translation.override(rule.member.user.language or settings.LANGUAGE_CODE):
            said = {"n": failures, "why": export.error}
            _stop(rule, _("%(n)d exports in a row failed, the last one for this reason: %(why)s") % said)


def failures_in_a_row(rule: ExportRule) -> int:
    """Count the exports of a rule that failed since the last that was written, or since somebody saw to the rule."""
    seen = events.of(rule).filter(kind__in=_BEGUN).order_by("-at", "-pk").values_list("data", flat=True).first() or {}
    written = rule.exports.filter(state__in=(ExportState.READY, ExportState.GONE)).aggregate(newest=Max("pk"))
    after = max(seen.get("after", 0), written["newest"] or 0)
    return rule.exports.filter(state=ExportState.FAILED, pk__gt=after).count()
