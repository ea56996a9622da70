"""The whole life of an order on one screen: its moves, who may make them, and the timer that each state starts."""

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders import clocks
from orders.states import Status as S
from sellercenter.lifecycle import Lifecycle, Move, Step, Timer
from sellercenter.permissions import Perm

REMIND_AGAIN_AFTER = timedelta(hours=24)

_FREE = Q(held=False)
_HELD = _("The order is held. Release it first.")
_CALM = Q(held=False, cancel_requested_at__isnull=True)
_NOT_CALM = _("The order is held, or the buyer has asked to cancel it. Settle that first.")
_ASKED = Q(cancel_requested_at__isnull=False)
_NOT_ASKED = _("The buyer has not asked to cancel this order.")

SHIPPING = Timer(
    Step("warn_ship", clocks.ship_warning),
    Step("overdue", clocks.ship_by),
    Step("cancel_unshipped", clocks.ship_limit, acts=True),
    Step("accept_cancel", clocks.cancel_answer, acts=True),
)

ORDER = Lifecycle(
    "order",
    Move("pay", [S.UNPAID], S.TO_REVIEW, event="paid"),
    Move(
        *("approve", [S.TO_REVIEW], S.TO_SHIP, Perm.ORDERS_REVIEW, _FREE, _HELD), label=_("Approve"), event="approved"
    ),
    Move(
        *("ship_part", [S.TO_SHIP, S.PART_SHIPPED], S.PART_SHIPPED, Perm.PARCELS_SHIP, _CALM, _NOT_CALM),
        event="part_shipped",
    ),
    Move(
        *("ship", [S.TO_SHIP, S.PART_SHIPPED], S.SHIPPED, Perm.PARCELS_SHIP, _CALM, _NOT_CALM),
        label=_("Ship"),
        event="shipped",
    ),
    Move("deliver", [S.SHIPPED], S.DELIVERED, event="delivered"),
    Move("confirm", [S.SHIPPED, S.DELIVERED], S.COMPLETED, event="receipt_confirmed"),
    # Of what has not arrived only once everything was refunded.
    Move("complete", [S.PART_SHIPPED, S.SHIPPED, S.DELIVERED], S.COMPLETED, event="completed"),
    Move(
        *("cancel", [S.UNPAID, S.TO_REVIEW, S.TO_SHIP], S.CANCELLED, Perm.ORDERS_CANCEL, _FREE, _HELD),
        label=_("Cancel order"),
        event="cancelled",
    ),
    Move("give_up", [S.UNPAID], S.CANCELLED, event="given_up"),
    Move("expire", [S.UNPAID], S.CANCELLED, event="expired"),
    Move("cancel_unshipped", [S.TO_REVIEW, S.TO_SHIP], S.CANCELLED, event="lapsed"),
    Move(
        *("request_cancel", [S.TO_REVIEW, S.TO_SHIP], "", None, Q(cancel_requested_at__isnull=True)),
        why_not=_("The buyer has asked to cancel this order already."),
        event="cancel_requested",
    ),
    Move(
        *("accept_cancel", [S.TO_REVIEW, S.TO_SHIP], S.CANCELLED, Perm.ORDERS_CANCEL, _ASKED, _NOT_ASKED),
        label=_("Accept the cancel request"),
        event="cancel_accepted",
    ),
    Move(
        # An order may arrive from a platform partly shipped with an open request: it must not be stuck.
        *("refuse_cancel", [S.TO_REVIEW, S.TO_SHIP, S.PART_SHIPPED], "", Perm.ORDERS_CANCEL),
        # Nor does silence accept one then.
        where=_ASKED & (Q(answer_by__isnull=True) | Q(answer_by__gt=Now()) | Q(status=S.PART_SHIPPED)),
        why_not=_("There is no cancel request that could still be refused."),
        label=_("Refuse the cancel request"),
        event="cancel_refused",
    ),
    Move(
        *("withdraw_cancel", [S.TO_REVIEW, S.TO_SHIP, S.PART_SHIPPED], "", None, _ASKED, _NOT_ASKED),
        event="cancel_withdrawn",
    ),
    Move(
        *("hold", [S.UNPAID, S.TO_REVIEW, S.TO_SHIP, S.PART_SHIPPED], "", Perm.ORDERS_REVIEW, _FREE),
        why_not=_("The order is held already."),
        label=_("Hold"),
        event="held",
    ),
    Move(
        *("release", [S.UNPAID, S.TO_REVIEW, S.TO_SHIP, S.PART_SHIPPED], "", Perm.ORDERS_REVIEW, Q(held=True)),
        why_not=_("The order is not held."),
        label=_("Release"),
        event="released",
    ),
    Move(
        *("remind", [S.UNPAID], "", Perm.ORDERS_REMIND),
        where=_FREE
        & (Q(pay_by__isnull=True) | Q(pay_by__gt=Now()))
        & (Q(reminded_at__isnull=True) | Q(reminded_at__lte=Now() - REMIND_AGAIN_AFTER)),
        why_not=_("A buyer is reminded once in 24 hours, while the order is not held and can still be paid in time."),
        label=_("Remind to pay"),
        event="reminded",
    ),
    Move("change_price", [S.UNPAID], "", Perm.ORDERS_PRICE, label=_("Change the price"), event="price_changed"),
    Move(
        *("change_address", [S.UNPAID, S.TO_REVIEW, S.TO_SHIP], "", Perm.ORDERS_ADDRESS),
        label=_("Change the address"),
        event="address_changed",
    ),
    Move(
        *("record_refund", [state for state in S if state != S.UNPAID], "", Perm.REFUNDS_MAKE),
        event="refunded",
    ),
    begins=S.UNPAID,
    timers={
        S.UNPAID: Timer(
            Step("remind", clocks.first_reminder),
            Step("remind_again", clocks.second_reminder),
            Step("expire", clocks.expiry, acts=True),
        ),
        S.TO_REVIEW: SHIPPING,
        S.TO_SHIP: SHIPPING,
        S.PART_SHIPPED: SHIPPING,
        S.SHIPPED: Timer(Step("silence", clocks.silence)),
        S.DELIVERED: Timer(Step("complete", clocks.receipt, acts=True)),
    },
)
