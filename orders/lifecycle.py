"""The whole life of an order on one screen: its moves, who may make them, and the timer that each state starts."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.states import Status as S
from sellercenter.lifecycle import Lifecycle, Move, Step, Timer
from sellercenter.permissions import Perm

ORDER = Lifecycle(
    "order",
    Move("pay", [S.UNPAID], S.TO_REVIEW, event="paid"),
    Move(
        *("approve", [S.TO_REVIEW], S.TO_SHIP, Perm.ORDERS_REVIEW),
        where=Q(held=False),
        why_not=_("The order is held. Release it first."),
        label=_("Approve"),
        event="approved",
    ),
    Move(
        *("cancel", [S.UNPAID, S.TO_REVIEW, S.TO_SHIP], S.CANCELLED, Perm.ORDERS_CANCEL),
        where=Q(held=False),
        why_not=_("A case is open on this order. Decide the case first."),
        label=_("Cancel order"),
        event="cancelled",
    ),
    Move("expire", [S.UNPAID], S.CANCELLED, event="expired"),
    Move("deliver", [S.SHIPPED], S.DELIVERED, event="delivered"),
    Move("complete", [S.SHIPPED, S.DELIVERED], S.COMPLETED, event="completed"),
    timers={
        S.UNPAID: Timer(
            Step("remind", lambda policy: policy.first_reminder),
            Step("remind_again", lambda policy: policy.second_reminder),
            Step("expire", lambda policy: policy.payment_window),
        ),
        S.DELIVERED: Timer(Step("complete", lambda policy: policy.receipt_window)),
    },
)
