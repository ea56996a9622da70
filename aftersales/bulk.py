"""What can be done with many cases at once; how that goes in general stands in `sellercenter/bulk.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import actions
from aftersales.filters import matching
from aftersales.lifecycle.cases import CASE
from aftersales.models import Case
from aftersales.policies import ACCEPTS
from aftersales.states import CaseStatus
from sellercenter import bulk
from sellercenter.lifecycle import Refused
from sellercenter.models import Job
from sellercenter.permissions import Actor, Perm


def _load(job: Job, keys: Sequence[int]) -> dict[int, Case]:
    """Load cases with all that their verbs read; these lock the order first, so nothing is locked here."""
    found = Case.objects.for_shop(job.shop).filter(pk__in=keys).order_by("pk").annotate(now_there=Now())
    cases: dict[int, Case] = {case.pk: case for case in found.select_related("order", "replacement")}
    for case in cases.values():
        case.shop = job.shop  # with its policy, read once for all of them
    return cases


CASES = bulk.Listed(
    *("cases", "case", Case, CASE, matching, _load, "case_list", "case_detail"),
    nothing_chosen=gettext_lazy("Tick some cases first."),
    too_many=gettext_lazy("At most %s cases can be ticked at once."),
    too_old=gettext_lazy("This choice of cases can't be used any more. Choose them again."),
)


class Chosen(bulk.Chosen):
    """Which cases are meant."""

    listed: ClassVar[bulk.Listed] = CASES


class CaseAction(bulk.BulkAction):
    """One action on many cases."""

    listed: ClassVar[bulk.Listed] = CASES


def _accept(case: Case, values: dict[str, Any], given: str, by: Actor) -> None:
    """Grant what the kind of case asks for; it must still wait for an answer."""
    if case.status != CaseStatus.REQUESTED:
        raise Refused(_("The state is “%s”.") % case.get_status_display(), "not_now")
    getattr(actions, ACCEPTS[case.kind])(case, seen=case.version, note=values["note"], by=by)


def _refuse(case: Case, values: dict[str, Any], given: str, by: Actor) -> None:
    told = {name: values[name] for name in ("refusal", "words", "note")}
    actions.refuse(case, **told, seen=case.version, by=by)


def _extend(case: Case, values: dict[str, Any], given: str, by: Actor) -> None:
    until = (case.act_by or case.now_there) + timedelta(hours=values["hours"])  # type: ignore[attr-defined]
    actions.extend(case, until=until, reason=values["reason"], seen=case.version, by=by)


_DECIDE = Perm.AFTERSALES_DECIDE
ACTIONS = (
    CaseAction(
        *("accept", gettext_lazy("Accept"), "check", _DECIDE, _accept),
        moves=tuple(dict.fromkeys(ACCEPTS.values())),
    ),
    CaseAction("extend", gettext_lazy("Extend the deadline"), "clock", _DECIDE, _extend, "extend"),
    CaseAction("refuse", gettext_lazy("Refuse"), "ban", _DECIDE, _refuse, "refuse", danger=True),
)
JOB_KINDS = [bulk.kind_of(action, Chosen) for action in ACTIONS]
