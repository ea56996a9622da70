"""Cases that are accepted without a person: the first rule of the shop of which every condition holds.

A case is held against the rules once, soon after it was opened and in a transaction of its own, so that a rule that
fails takes no request of a buyer down with it. What somebody has touched meanwhile is left to people.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Case as Choose
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Now
from django.db.models.lookups import LessThanOrEqual

from aftersales import actions
from aftersales.models import Case, CaseRule
from aftersales.policies import ACCEPTS
from aftersales.states import CaseStatus
from orders.models import Order
from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, Shop
from sellercenter.permissions import SYSTEM, Actor

logger = logging.getLogger(__name__)
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


@transaction.atomic
def apply(shop: Shop, keys: Sequence[int], *, by: Actor) -> int:
    """Hold new cases of a shop against its rules, accept those that fit, and return how many that were.

    Orders are locked first and in the order of their keys, as everybody does.
    """
    chosen = _chosen(shop, keys)
    found = (
        Case.objects.for_shop(shop).filter(pk__in=chosen).select_related("order", "buyer").order_by("order_id", "pk")
    )
    list(Order.objects.filter(cases__in=chosen).order_by("pk").values("pk").select_for_update(of=("self",)))
    accepted = 0
    for case in found:
        case.shop = case.order.shop = shop
        accepted += _accept(case, chosen[case.pk], by=by)
    return accepted


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


def _accept(case: Case, rule: CaseRule, *, by: Actor) -> bool:
    """Grant what the case asks for and keep which rule did it; what can't be granted waits for a person."""
    try:
        with transaction.atomic():
            getattr(actions, ACCEPTS[case.kind])(case, seen=1, rule=rule.name, by=by)
            events.record(case.shop, "case.rule_applied", case, by=by, rule=rule.name, rule_id=rule.pk)
    except Refused as refused:
        logger.info("rule %s does not accept case %s: %s", rule.pk, case.pk, refused.code)
        return False
    return True


class _NewCases:
    """Holds every case that was opened against the rules of its shop."""

    kinds = frozenset({"case.opened"})

    def take(self, told: list[Event]) -> None:
        """Accept what the rules accept; a second time finds cases that were touched, and leaves them."""
        keys: dict[int, list[int]] = defaultdict(list)
        for event in told:
            keys[event.shop_id].append(event.subject_id)
        for shop in Shop.objects.filter(pk__in=keys).select_related("policy").order_by("pk"):
            apply(shop, keys[shop.pk], by=SYSTEM)


NEW_CASES = _NewCases()
