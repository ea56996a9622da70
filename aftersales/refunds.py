"""Money that goes back is asked for here: by a case, by a person, or by a sweep when it is simply owed.

An amount is set aside of the payments in the transaction that asks for it, so however many ask at once, no more goes
back than was captured. What people decide of it stands in `aftersales/refund_actions.py`, what becomes of it at the
gateway in `aftersales/paying.py`.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from aftersales.lifecycle import REFUND
from aftersales.models import Case, Refund
from aftersales.states import REFUND_OPEN, CaseStatus, RefundStatus
from orders import payments
from orders.models import Order, Payment
from orders.states import PaymentStatus, Status
from sellercenter import events, faults, money
from sellercenter.lifecycle import Refused, locked
from sellercenter.models import Fault
from sellercenter.permissions import SYSTEM, Actor, Perm
from sellercenter.wake import wake

PAY = "aftersales.tasks.pay_refunds"
# Letters and digits that nobody mixes up when reading a number aloud.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
# What still counts against the limit of what goes back without a second look.
COUNTED = (*REFUND_OPEN, RefundStatus.SUCCEEDED)
_STUCK = (RefundStatus.FAILED, RefundStatus.REJECTED)
_LATER = Refund.objects.filter(payment=OuterRef("payment"), pk__gt=OuterRef("pk"))
_LATER = _LATER.alias(granted_by=Coalesce("case_id", 0))
# Failed or rejected, and nobody has asked again.
LEFT_BEHIND = Q(status__in=_STUCK) & ~Q(Exists(_LATER.filter(granted_by=Coalesce(OuterRef("case_id"), 0))))
# What people do with a case by which money may go back later, without them.
_WISHES = (
    *("case.opened", "case.offered", "case.exchange_offered", "case.accepted", "case.return_accepted", "case.kept"),
    *("case.resend_accepted", "case.inspected", "case.exchange_inspected", "case.refunded_instead"),
)
# What an order is asked by, when the system could not ask for its refund.
_STEP = "make_refund"


@transaction.atomic
def make(
    order: Order,
    *,
    amount: Decimal,
    case: Case | None,
    reason: str,
    by: Actor,
    only: Payment | None = None,
    by_hand: bool = False,
) -> list[Refund]:
    """Ask that an amount goes back to the buyer, and return one refund for each payment that gives a part of it.

    With a case, the move that granted the money has checked who may; without one `by` needs the right to make refunds,
    and no more than `owed` goes back. Above the shop's limit they wait for a second person. `only` takes the amount
    from one payment; `by_hand` keeps it from the gateway, for somebody who pays otherwise. Leaves the order
    locked. Raises Refused, with code `too_much` when less than that can still be refunded.
    """
    if case is None and not by.may(Perm.REFUNDS_MAKE):
        raise PermissionDenied(f"{by.label} may not make refunds")
    now = locked(order)
    if case is None and amount > (rest := owed(order)):
        words = _("Not more than %s is owed to the buyer. Open a case for anything else.")
        raise Refused(words % money.text(rest, order.currency), "not_owed")
    return _ask(order, amount, case, reason, by, now, only=only, by_hand=by_hand)


def _ask(
    order: Order,
    amount: Decimal,
    case: Case | None,
    reason: str,
    by: Actor,
    now: datetime,
    *,
    only: Payment | None,
    by_hand: bool,
) -> list[Refund]:
    """Set the amount aside and write its refunds."""
    parts = payments.reserve_refund(order, amount=amount, only=only)
    asked = {
        **{"shop": order.shop, "order": order, "case": case, "currency": order.currency, "by_hand": by_hand},
        **{"status": RefundStatus.TO_CONFIRM if _needs_second(order, amount) else RefundStatus.REQUESTED},
        **{"status_at": now, "requested_at": now, "requested_by_id": _asker(case, by)},
        **{"requested_label": by.label[:60], "reason": reason.strip()[:200]},
    }
    made = [Refund(key=_key(), payment=payment, amount=part, **asked) for payment, part in parts]
    for refund in made:
        for name, value in REFUND.plan(refund, {}, now=now).values().items():
            setattr(refund, name, value)
    Refund.objects.bulk_create(made)
    events.record_all("refund.requested", made, by=by, data=_told)
    wake(PAY)
    return made


def _told(refund: Refund) -> dict[str, object]:
    return {"amount": refund.amount, "order": refund.order_id, "case": refund.case_id, "status": refund.status}


def _key() -> str:
    return "R" + "".join(secrets.choice(_ALPHABET) for _place in range(15))


def _asker(case: Case | None, by: Actor) -> int | None:
    """Return whose wish it is: when a buyer takes an offer, that of the person who decided on the case last.

    Whoever gave it more time, or took a parcel in, has wished for nothing.
    """
    if by.member_id is not None or case is None:
        return by.member_id
    people = events.of(case).filter(member__isnull=False, kind__in=_WISHES).values_list("member_id", flat=True)
    return people.last()


def _needs_second(order: Order, amount: Decimal) -> bool:
    """Say whether a second person must look at it: all of the order's refunds at which nobody else looked count.

    Small refunds in a row, or the parts of one that several payments give, do not slip under the limit.
    """
    limit = order.shop.policy.refund_limit
    if limit is None:
        return False
    alone = Refund.objects.filter(order=order, status__in=COUNTED, confirmed_at__isnull=True)
    return amount + (alone.aggregate(sum=Sum("amount"))["sum"] or 0) > limit


def owed(order: Order) -> Decimal:
    """Return how much of an order, which the caller has locked or just read, has to go back and nobody has asked for.

    That is what was paid late, twice, or for an order that was cancelled; what a case grants comes on top, also when
    a refund of the case failed and somebody has to ask again.
    """
    asked = _asked(Refund.objects.filter(order=order)).aggregate(sum=Sum("amount"))["sum"] or 0
    captured = order.payments.filter(status=PaymentStatus.CAPTURED)
    room = captured.aggregate(sum=Sum(F("amount") - F("refunded") - F("refunding")))["sum"] or 0
    free = order.paid_amount - order.refunded_amount - order.refunding_amount
    granted = _granted(Case.objects.filter(order=order)).aggregate(sum=Sum("amount"))["sum"] or 0
    there = _of_granted(Refund.objects.filter(order=order)).aggregate(sum=Sum("amount"))["sum"] or 0
    return max(Decimal(0), min(order.refund_due - asked, free - (granted - there), room))


def _asked(refunds: QuerySet[Refund]) -> QuerySet[Refund]:
    return refunds.filter(case=None, status__in=REFUND_OPEN)


def _granted(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Keep cases whose money is on its way, or waits for somebody who asks for it again."""
    return cases.filter(status=CaseStatus.REFUNDING)


def _of_granted(refunds: QuerySet[Refund]) -> QuerySet[Refund]:
    """Keep what of the money of such cases is there or on its way."""
    return refunds.filter(case__status=CaseStatus.REFUNDING, status__in=COUNTED)


def _sums(found: QuerySet) -> Coalesce:
    """Return the sum over all amounts of an order, as a part of a query about orders."""
    of_order = found.filter(order=OuterRef("pk")).order_by().values("order").annotate(sum=Sum("amount")).values("sum")
    return Coalesce(Subquery(of_order), Decimal(0))


@transaction.atomic
def make_owed_of(order: Order, *, by: Actor) -> list[Refund]:
    """Ask for everything that is owed of one order without a case; refused when nothing is."""
    locked(order)
    if not (amount := owed(order)):
        raise Refused(_("Nothing of this order has to be refunded, or it is under way already."), "not_owed")
    return make(order, amount=amount, case=None, reason="", by=by)


# --- The sweep --------------------------------------------------------------------------------------------------------


def owing() -> QuerySet[Order]:
    """Return the orders of which money has to go back that nobody has asked for, and that do not wait for a person.

    A refund that failed or was rejected is for a person to ask for again; so is what the system could not ask for.
    """
    missing = _sums(_granted(Case.objects.all())) - _sums(_of_granted(Refund.objects.all()))
    gives = Payment.objects.filter(order=OuterRef("pk"), status=PaymentStatus.CAPTURED)
    given_up = Fault.objects.filter(subject_type="order", subject_id=OuterRef("pk"), step=_STEP)
    free = Order.objects.filter(
        refund_due__gt=0, paid_amount__gt=F("refunded_amount") + F("refunding_amount") + missing
    )
    return free.exclude(status=Status.UNPAID).filter(
        ~Exists(Refund.objects.filter(LEFT_BEHIND, order=OuterRef("pk"), case=None)),
        ~Exists(given_up),
        Exists(gives.filter(amount__gt=F("refunded") + F("refunding"))),
        refund_due__gt=_sums(_asked(Refund.objects.all())),
    )


def make_owed(limit: int) -> int:
    """Ask for the refunds that are owed without a case, of up to `limit` orders; return how many were handled."""
    found = owing().select_related("shop__policy").order_by("pk")[:limit]
    handled = 0
    for order in found:
        try:
            make_owed_of(order, by=SYSTEM)
        except Exception as error:  # whatever it is, its neighbours must not wait for it
            if not (isinstance(error, Refused) and error.code == "not_owed"):  # somebody was faster
                faults.bury("order", order.pk, _STEP, order.shop_id, error, attempts=1)
        handled += 1
    return handled
