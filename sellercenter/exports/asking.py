"""Verbs on exports: ask for one, fetch it, delete it; keep its columns under a name; clear what is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from sellercenter import events, jobs, kept_files
from sellercenter.addresses import normal
from sellercenter.exports import files, making
from sellercenter.exports.declared import Layout, Source, find
from sellercenter.lifecycle import Refused
from sellercenter.models import (
    Export,
    ExportDownload,
    ExportRule,
    ExportState,
    ExportTemplate,
    FileForm,
    Member,
    Shop,
)
from sellercenter.permissions import SYSTEM, Actor, Perm
from sellercenter.sweeps import each

MOST_WAITING = 4
MOST_TEMPLATES = 50
# A part that is older than this belongs to nobody who lives.
_LEFT = timedelta(hours=1)


@transaction.atomic
def ask(
    member: Member,
    *,
    source: Source,
    layout: Layout,
    columns: Sequence[str],
    form: FileForm,
    query: str,
    days: int = 0,
    private: bool = False,
    reason: str = "",
    rule: ExportRule | None = None,
    slot: Any = None,
    by: Actor,
) -> Export:
    """Ask for a file of exactly what a list's address finds, of the last `days` when any are given; a job writes it.

    With `private` what is encrypted is written in plain, for a `reason`. Raises PermissionDenied without the rights,
    Refused when the address or the wish makes no sense, or the shop has too many or too large files already.
    """
    for right in (Perm.EXPORTS_CREATE, source.permission, *([Perm.EXPORTS_PRIVATE] if private else [])):
        by.require(right)
    shop = Shop.objects.select_for_update(no_key=True).get(pk=member.shop_id)
    if private and not layout.has_private:
        raise Refused(_("This layout has no private data."), "nothing_private")
    if private and not reason.strip():
        raise Refused(_("Say what the private data is needed for."), "no_reason")
    _has_quota(shop, rule)
    now = timezone.now()
    query = normal(query)
    source.rows(shop, query, days=days, now=now)
    source.sort(query)
    chosen = {"query": query, "days": days, "at": now.isoformat()}
    export = Export.objects.create(
        shop=shop,
        member=member,
        rule=rule,
        slot=slot,
        actor_label=by.label,
        source=source.code,
        query=source.kept(query),
        layout=layout.code,
        columns=[] if layout.fixed else [column.name for column in layout.named(columns)],
        form=form,
        private=private,
        reason=reason.strip()[:200] if private else "",
        words=[*source.words(shop, query, now), *([[str(_("Time")), _("the last %d days") % days]] if days else [])],
    )
    params = {"about": export.pk, "chosen": chosen}
    export.job = jobs.create(shop, making.KIND, params=params, by=by, member=member)
    export.save(update_fields=["job"])
    facts: dict[str, Any] = {"source": source.code, "layout": layout.code, "form": str(form), "private": private}
    if private:  # the owner of the shop is told
        owners = Member.objects.for_shop(shop).filter(owner=True)
        facts |= {"reason": export.reason, "members": list(owners.values_list("pk", flat=True))}
    events.record(shop, "export.asked", export, by=by, **facts)
    return export


def _has_quota(shop: Shop, rule: ExportRule | None) -> None:
    """Raise Refused when the shop has too much; what rules make counts as space alone, as rules are few already."""
    kept = Export.objects.for_shop(shop).filter(state=ExportState.READY)
    if Export.objects.for_shop(shop).filter(state=ExportState.WAITING).count() >= MOST_WAITING:
        raise Refused(_("%d exports are being written already. Wait until one is ready.") % MOST_WAITING, "too_many")
    if rule is None and kept.filter(rule=None).count() >= settings.EXPORT_FILES:
        many = _("The shop keeps %d exports already. Delete one first.") % settings.EXPORT_FILES
        raise Refused(many, "too_many_kept")
    if (kept.aggregate(total=Sum("size"))["total"] or 0) >= settings.EXPORT_LIMIT:
        raise Refused(_("The shop's exports fill their space. Delete one first."), "too_large")


def may_fetch(export: Export, *, by: Actor) -> bool:
    """Say whether somebody may see and fetch an export now.

    One with private data is for the person who asked for it and for those who manage people; any other for everybody
    who could have asked for it.
    """
    try:
        source = find(export.source)
    except Refused:
        return False
    if not by.may_all([Perm.EXPORTS_CREATE, source.permission]):
        return False
    if not export.private:
        return True
    own = by.member_id is not None and export.member_id == by.member_id
    return by.may(Perm.EXPORTS_PRIVATE) and (own or by.may(Perm.MEMBERS_MANAGE))


@transaction.atomic
def fetch(export: Export, *, by: Actor) -> Path:
    """Return where the file lies, for somebody who may fetch it, and note that they did.

    Raises PermissionDenied, or Refused when the file is not there (any more) or is not what was written.
    """
    if not may_fetch(export, by=by):
        raise PermissionDenied(f"{by.label} may not fetch the export {export.pk}")
    current = Export.objects.select_related("shop").get(pk=export.pk)
    if current.state != ExportState.READY or (current.expires_at and current.expires_at <= timezone.now()):
        raise Refused(_("This file is not kept any more. Export the list again."), "gone")
    path = making.folder_of(current.shop_id) / current.name
    if not path.exists():
        raise Refused(_("The file is missing on the server. Export the list again."), "missing")
    if files.written(path).sha256 != current.sha256:
        raise Refused(_("The file on the server was changed. Delete it and export the list again."), "changed")
    ExportDownload.objects.create(export=current, member_id=by.member_id, actor_label=by.label)
    events.record(current.shop, "export.downloaded", current, by=by, source=current.source, private=current.private)
    return path


@transaction.atomic
def delete(export: Export, *, by: Actor) -> None:
    """Delete the file of an export; what is known of it stays. Raises Refused when there is none."""
    if not may_fetch(export, by=by):
        raise PermissionDenied(f"{by.label} may not delete the export {export.pk}")
    if not _drop(export.pk, by=by):
        raise Refused(_("There is no file to delete."), "gone")


@transaction.atomic
def _drop(pk: int, *, by: Actor) -> int:
    """Delete the file of an export, once; return 1, or 0 when there is none."""
    ready = Export.objects.filter(pk=pk, state=ExportState.READY)
    export = ready.select_for_update(of=("self",)).select_related("shop").first()
    if export is None:
        return 0
    ready.update(state=ExportState.GONE)
    events.record(export.shop, "export.deleted", export, by=by, source=export.source)
    path = making.folder_of(export.shop_id) / export.name
    transaction.on_commit(lambda: path.unlink(missing_ok=True))
    return 1


def clear_old() -> int:
    """Delete the files whose time is over, and parts and files that belong to nothing; return how many."""
    over = Export.objects.filter(state=ExportState.READY, expires_at__lte=Now()).values_list("pk", flat=True)
    # Whatever may see them: their list may be taken out, and somebody may delete one at this moment.
    dropped = each(list(over), lambda pk: _drop(pk, by=SYSTEM))
    kept = Export.objects.filter(state=ExportState.READY).values_list("shop_id", "name")
    named = {f"{shop}/{name}" for shop, name in kept}
    before = (timezone.now() - _LEFT).timestamp()
    left = [place for path, place in kept_files.left_over(settings.EXPORT_ROOT, before) if path not in named]
    for place in left:
        place.unlink(missing_ok=True)
    return dropped + len(left)


# --- Templates --------------------------------------------------------------------------------------------------------


@transaction.atomic
def save_template(
    member: Member,
    *,
    name: str,
    source: Source,
    layout: Layout,
    columns: Sequence[str],
    form: FileForm,
    shared: bool,
    by: Actor,
) -> ExportTemplate:
    """Keep columns and form under a name, for oneself or for the team; the same name again replaces it."""
    by.require(Perm.EXPORTS_CREATE)
    if shared:
        by.require(Perm.VIEWS_SHARE)
    Shop.objects.select_for_update(no_key=True).get(pk=member.shop_id)
    owner = None if shared else member
    mine = ExportTemplate.objects.for_shop(member.shop).filter(member=owner)
    same = mine.filter(source=source.code, name=name)
    if not same.exists() and mine.count() >= MOST_TEMPLATES:
        raise Refused(_("There are %d templates already. Delete one first.") % MOST_TEMPLATES, "too_many_templates")
    chosen = {"layout": layout.code, "columns": [one.name for one in layout.named(columns)], "form": form}
    template, _made = ExportTemplate.objects.update_or_create(
        shop=member.shop,
        source=source.code,
        member=owner,
        name=name,
        defaults=chosen,
        create_defaults={**chosen, "created_by": member},
    )
    return template


def delete_template(template: ExportTemplate, *, by: Actor) -> None:
    """Delete a template: one's own, or the team's with the right to share."""
    if template.member_id is None:
        by.require(Perm.VIEWS_SHARE)
    elif template.member_id != by.member_id:
        raise PermissionDenied("a personal template belongs to its owner")
    template.delete()
