"""Cases that are accepted without a person: the first rule of the shop of which every condition holds.

Whoever is told of a new case only plans its review; the case is accepted as a step of its own clock, so that a rule
that fails takes no request of a buyer down with it and keeps nobody waiting. What somebody has touched meanwhile is
left to people.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case as Choose
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Now
from django.db.models.lookups import LessThanOrEqual

from aftersales import actions
from aftersales.models import Case, CaseRule
from aftersales.policies import ACCEPTS
from aftersales.states import CaseStatus
from sellercenter import events, schedule
from sellercenter.lifecycle import Refused, locked
from sellercenter.models import Event, Shop
from sellercenter.permissions import SYSTEM
from sellercenter.schedule import Schedule

logger = logging.getLogger(__name__)
# The step in the life of a case that is planned by rules alone.
STEP = "review"
# Over how many days a buyer's cases are counted.
MONTH = timedelta(days=30)


def condition(rule: CaseRule) -> Q:
    """Return what must hold of a case for the rule to accept it, as it was when the case was opened.

    Never above the amount from which the shop wants a second person, and where an amount limits, in the shop's own
    money alone.
    """
    holds = Q(kind__in=rule.kinds)
    if rule.problems:
        holds &= Q(problem__in=rule.problems)
    limits = [one for one in (rule.most_amount, rule.shop.policy.refund_limit) if one is not None]
    if limits:
        holds &= Q(amount__lte=min(limits), currency=rule.shop.currency)
    if rule.unshipped_only:
        holds &= Q(order__shipped_at__isnull=True) | Q(order__shipped_at__gt=F("opened_at"))
    if rule.most_cases is not None:
        holds &= Q(LessThanOrEqual(_lately(), Value(rule.most_cases)))
    return holds


def _lately() -> Subquery:
    """Count the cases of a case's buyer in the 30 days up to it, itself included."""
    same = Case.objects.filter(shop=OuterRef("shop"), buyer=OuterRef("buyer"))
    lately = same.filter(opened_at__lte=OuterRef("opened_at"), opened_at__gt=OuterRef("opened_at") - MONTH)
    many = lately.order_by().values("buyer").annotate(many=Count("pk")).values("many")
    return Subquery(many, output_field=IntegerField())


@dataclass(frozen=True)
class Trial:
    """What a rule would have done: how many cases it would have accepted, of how many."""

    would_accept: int
    of: int


def dry_run(rule: CaseRule, days: int = 30) -> Trial:
    """Count the cases of the last days that the rule would have accepted, in one query; the rule may be unsaved.

    Other rules are left aside, and so is what people decided.
    """
    lately = Case.objects.for_shop(rule.shop).filter(opened_at__gt=Now() - timedelta(days=days))
    found = lately.annotate(fits=Choose(When(condition(rule), then=Value(1)), default=Value(0)))
    counts = found.aggregate(would_accept=Count("pk", filter=Q(fits=1)), of=Count("pk"))
    return Trial(**counts)


def mark(rule: CaseRule) -> str:
    """Return a short mark of a rule's conditions, by which one knows that somebody has seen what they would do."""
    limit = None if rule.most_amount is None else f"{rule.most_amount:.2f}"
    told = [sorted(rule.kinds), sorted(rule.problems), limit, rule.most_cases, rule.unshipped_only]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def review(case: Case, _now: datetime) -> None:
    """Accept a locked case that nobody has touched, by the first rule that fits; otherwise leave it to people.

    The step of `aftersales.timers` that `NEW_CASES` plans; its order is locked too.
    """
    rule = _chosen(case.shop, [case.pk]).get(case.pk)
    if rule is None:
        return
    try:
        with transaction.atomic():
            getattr(actions, ACCEPTS[case.kind])(case, seen=1, rule=rule.name, by=SYSTEM)
            events.record(case.shop, "case.rule_applied", case, by=SYSTEM, rule=rule.name, rule_id=rule.pk)
    except Refused as refused:
        locked(case)  # what was tried is undone, so that the step counts as taken
        logger.info("rule %s does not accept case %s: %s", rule.pk, case.pk, refused.code)


def _chosen(shop: Shop, keys: Sequence[int]) -> dict[int, CaseRule]:
    """Return the first active rule that fits, by the keys of those cases that nobody has touched yet."""
    rules = list(CaseRule.objects.for_shop(shop).filter(active=True))
    for rule in rules:
        rule.shop = shop
    if not rules:
        return {}
    first = Choose(
        *(When(condition(rule), then=Value(place)) for place, rule in enumerate(rules)), output_field=IntegerField()
    )
    fitting = _untouched(shop, keys).annotate(first=first).filter(first__isnull=False)
    return {key: rules[place] for key, place in fitting.values_list("pk", "first")}


def _untouched(shop: Shop, keys: Sequence[int]) -> QuerySet[Case]:
    return Case.objects.for_shop(shop).filter(pk__in=keys, status=CaseStatus.REQUESTED, version=1)


class _NewCases:
    """Holds every case that was opened against the rules of its shop."""

    kinds = frozenset({"case.opened"})

    def take(self, told: list[Event]) -> None:
        """Plan the review of what the rules accept; a second time finds cases that were touched, and leaves them."""
        keys: dict[int, list[int]] = defaultdict(list)
        for event in told:
            keys[event.shop_id].append(event.subject_id)
        for shop in Shop.objects.filter(pk__in=keys).select_related("policy").order_by("pk"):
            _plan(shop, keys[shop.pk])


def _plan(shop: Shop, keys: Sequence[int]) -> None:
    """Let the cases that a rule fits be reviewed now; whoever holds one at this moment is touching it."""
    fitting = _untouched(shop, [*_chosen(shop, keys)]).annotate(now_there=Now()).order_by("pk")
    planned = [
        (case.pk, Schedule.of(case).plus(STEP, case.now_there)) for case in fitting.select_for_update(skip_locked=True)
    ]
    if planned:
        schedule.write(Case, planned)


NEW_CASES = _NewCases()
