"""Verbs on evidence: files for a case, a dispute or an appeal, only ever added, each chained to the one before by hash.

A chain runs per record. Each link is the hash of the link before, of the file, and of who put it in, when and as what;
a row that was changed, left out or put in between breaks it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import singledispatch
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from aftersales import evidence_files
from aftersales.evidence_files import Kept
from aftersales.models import Appeal, Case, Dispute, Evidence
from aftersales.states import DISPUTE_OPEN, ENDED, AppealStatus, Proof, Side
from sellercenter import events, kept_files
from sellercenter.lifecycle import Refused, locked
from sellercenter.models import Shop
from sellercenter.permissions import Actor, ActorKind, Perm

Subject = Case | Dispute | Appeal
MOST_FILES = 20
# A file without a row is being put in, or was left by a process that died: after a day it is the second.
LEFT_OVER = timedelta(days=1)
_SIDES = {ActorKind.BUYER: Side.BUYER, ActorKind.CHANNEL: Side.PLATFORM, ActorKind.SYSTEM: Side.PLATFORM}
_RIGHTS = {Case: Perm.AFTERSALES_DECIDE, Dispute: Perm.DISPUTES_HANDLE, Appeal: Perm.DISPUTES_HANDLE}
_FIELDS = {Case: "case", Dispute: "dispute", Appeal: "appeal"}


def of(subject: Subject) -> list[Evidence]:
    """Return the evidence of one record in the order of its chain."""
    found = Evidence.objects.for_shop(subject.shop).filter(**{_FIELDS[type(subject)]: subject})
    return list(found.order_by("pk"))


def add(subject: Subject, *, file: UploadedFile, proof: Proof | str, note: str = "", by: Actor) -> Evidence:
    """Keep one file as evidence for a case, a dispute or an appeal.

    The file is written first, so that no row is ever without one; when the row can't be written the file goes again.
    Refused for what is no evidence by kind or size, for the same file twice, for more than 20 files, once the record
    takes no more, and once the shop keeps too much.
    """
    may_add(subject, by=by)
    _has_room(subject.shop, file.size or 0)
    kept = evidence_files.keep(subject.shop_id, file)
    try:
        return _add(subject, kept, name=file.name or "", proof=Proof(proof), note=note.strip()[:300], by=by)
    except Refused:
        # Whatever else goes wrong may have been committed all the same: then the chore decides, a day later.
        evidence_files.remove(kept.path)
        raise


def may_add(subject: Subject, *, by: Actor) -> None:
    """Raise PermissionDenied for a member without the right; a buyer puts in evidence for a case and nothing else."""
    if not by.is_outside or (by.kind == ActorKind.BUYER and not isinstance(subject, Case)):
        by.require(_RIGHTS[type(subject)])


def _has_room(shop: Shop, size: int) -> None:
    """Refuse a file when the shop keeps too much already; two at the same moment may go a little beyond."""
    there = Evidence.objects.for_shop(shop).aggregate(sum=Sum("size"))["sum"] or 0
    if there + size > settings.EVIDENCE_LIMIT:
        words = _("The shop keeps as much evidence as it may. Ask whoever keeps the server for more room.")
        raise Refused(words, "no_room")


@transaction.atomic
def _add(subject: Subject, kept: Kept, *, name: str, proof: Proof, note: str, by: Actor) -> Evidence:
    """Write the row under the lock of its record: links of a chain are made one after the other."""
    now, earlier = locked(subject), of(subject)
    takes(subject, now)
    if len(earlier) >= MOST_FILES:
        raise Refused(
            _("There are %d files already, and no more are taken. Say the rest in words.") % MOST_FILES, "full"
        )
    if any(one.sha256 == kept.sha256 for one in earlier):
        raise Refused(_("This very file is here already."), "twice")
    row = Evidence(
        **{"shop": subject.shop, _FIELDS[type(subject)]: subject, "proof": proof.value, "note": note, "at": now},
        **{"side": _SIDES.get(by.kind, Side.SELLER).value, "uploaded_by_id": by.member_id},
        **{"uploader_label": by.label[:60], "name": kept_files.shown_name(name) or kept.kind.suffix},
        **{"content_type": kept.kind.content_type, "size": kept.size, "sha256": kept.sha256, "path": kept.path},
    )
    row.chain = link(earlier[-1].chain if earlier else "", row)
    Evidence.objects.bulk_create([row])
    told: dict[str, Any] = {
        _FIELDS[type(subject)]: str(subject),
        "proof": proof.value,
        "sha256": kept.sha256,
        "side": row.side,
    }
    events.record(subject.shop, "evidence.added", row, by=by, **told)
    return row


@singledispatch
def takes(subject: Subject, now: datetime) -> None:
    """Refuse when a record takes no more evidence; `now` is the database's."""
    raise TypeError(f"nothing is put in for {subject}")


@takes.register
def _case_takes(case: Case, now: datetime) -> None:
    if case.status in ENDED:
        raise Refused(_("The case is over, so it takes no more evidence. An appeal has its own."), "over")


@takes.register
def _dispute_takes(dispute: Dispute, now: datetime) -> None:
    if dispute.status not in DISPUTE_OPEN:
        raise Refused(_("The platform has decided. Bring the evidence with an appeal."), "over")
    if dispute.evidence_by is not None and dispute.evidence_by <= now:
        raise Refused(_("The time for evidence is over: the platform decides by what it has."), "too_late")


@takes.register
def _appeal_takes(appeal: Appeal, now: datetime) -> None:
    if appeal.status != AppealStatus.DRAFT:
        raise Refused(_("The appeal is filed: what it brings can't be changed any more."), "over")


def link(before: str, row: Evidence) -> str:
    """Return the hash that chains a row to the one before; `aftersales/dispute_invariants.py` asks the same in SQL."""
    at = row.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    parts = (before, row.sha256, row.uploader_label, row.side, row.proof, row.name, row.note, at)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def broken(rows: Iterable[Evidence]) -> list[Evidence]:
    """Return the rows of one chain, given in its order, that do not follow from the one before."""
    found, before = [], ""
    for row in rows:
        if row.chain != link(before, row):
            found.append(row)
        before = row.chain
    return found


def spoiled(row: Evidence) -> bool:
    """Say whether the file on disk is not any more what was put in, or is gone."""
    return evidence_files.hash_on_disk(row.path) != row.sha256


@transaction.atomic
def viewed(row: Evidence, *, by: Actor) -> None:
    """Keep in the log who took a file out."""
    events.record(row.shop, "evidence.viewed", row, by=by, sha256=row.sha256)


def clear_left_over() -> int:
    """Delete the files of a day ago and older that no row names, and half uploads; return how many. A chore."""
    before = time.time() - LEFT_OVER.total_seconds()
    halves, waiting = evidence_files.half_uploads(before), []
    for place in halves:
        place.unlink(missing_ok=True)
    deleted = len(halves)
    for path, place in evidence_files.left_over(before):
        waiting.append((path, place))
        if len(waiting) == 1000:
            deleted, waiting = deleted + _clear(waiting), []
    return deleted + _clear(waiting)


def _clear(found: list[tuple[str, evidence_files.Path]]) -> int:
    named = set(Evidence.objects.filter(path__in=[path for path, _place in found]).values_list("path", flat=True))
    unnamed = [place for path, place in found if path not in named]
    for place in unnamed:
        place.unlink(missing_ok=True)
    return len(unnamed)
