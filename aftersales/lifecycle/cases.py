"""The whole life of a case on one screen: its moves, who may make them, and the clock that each state starts."""

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales import clocks
from aftersales.states import CaseKind as K
from aftersales.states import CaseStatus as S
from sellercenter.lifecycle import Lifecycle, Move, Step, Timer
from sellercenter.permissions import Perm

_DECIDE, _DISPUTE = Perm.AFTERSALES_DECIDE, Perm.DISPUTES_HANDLE
# "Refuse" wins until the last second, and fails from the deadline on.
_IN_TIME = Q(act_by__isnull=True) | Q(act_by__gt=Now()) | Q(paused_at__isnull=False)
_TOO_LATE = _("The time to answer is over: silence has accepted this request.")
# Goods that are back already do not come back again when a case is decided anew.
_HERE = Q(inspected_at__isnull=False)
_MONEY = Q(kind__in=[K.CANCEL, K.REFUND, K.PRICE]) | Q(kind__in=[K.RETURN, K.EXCHANGE]) & _HERE
_GOODS = Q(kind__in=[K.RETURN, K.EXCHANGE]) & ~_HERE
# The clock of a wish to cancel is the order's, and so is the say whether there is time left to refuse it.
_OWN_CLOCK = ~Q(kind=K.CANCEL) & Q(act_by__gt=Now())
_RUNNING = [S.REQUESTED, S.OFFERED, S.TO_RETURN, S.TO_INSPECT, S.TO_RESEND, S.REFUSED]

CASE = Lifecycle(
    "case",
    Move(
        *("accept", [S.REQUESTED], S.REFUNDING, _DECIDE, _MONEY),
        why_not=_("Goods have to come back first, or to be sent again."),
        label=_("Accept the refund"),
        event="accepted",
    ),
    Move(
        *("accept_return", [S.REQUESTED], S.TO_RETURN, _DECIDE, _GOODS),
        why_not=_("Nothing has to come back here."),
        label=_("Accept the return"),
        event="return_accepted",
    ),
    Move(
        *("keep", [S.REQUESTED], S.REFUNDING, _DECIDE, Q(kind=K.RETURN)),
        why_not=_("Only a return can be refunded without the goods."),
        label=_("Refund without return"),
        event="kept",
    ),
    Move(
        *("accept_resend", [S.REQUESTED], S.TO_RESEND, _DECIDE, Q(kind=K.RESEND)),
        why_not=_("The buyer did not ask to have it sent again."),
        label=_("Send again"),
        event="resend_accepted",
    ),
    Move(
        *("offer", [S.REQUESTED], S.OFFERED, _DECIDE, Q(kind__in=[K.REFUND, K.RETURN])),
        why_not=_("Part of the money can be offered when a refund is asked for."),
        label=_("Offer a partial refund"),
        event="offered",
    ),
    Move(
        *("offer_exchange", [S.REQUESTED], S.OFFERED, _DECIDE, Q(kind=K.RETURN) & ~_HERE),
        why_not=_("An exchange can be offered when goods are to come back."),
        label=_("Offer an exchange"),
        event="exchange_offered",
    ),
    Move(
        *("take_offer", [S.OFFERED], S.REFUNDING, None, Q(offer_amount__isnull=False) & _IN_TIME),
        why_not=_("No such offer stands any more."),
        event="offer_taken",
    ),
    Move(
        *("take_exchange", [S.OFFERED], S.TO_RETURN, None, Q(offer_amount__isnull=True) & _IN_TIME),
        why_not=_("No such offer stands any more."),
        event="exchange_taken",
    ),
    Move("decline_offer", [S.OFFERED], S.REQUESTED, event="offer_declined"),
    Move(
        *("refuse", [S.REQUESTED], S.REFUSED, _DECIDE, _IN_TIME | Q(kind=K.CANCEL), _TOO_LATE),
        label=_("Refuse"),
        event="refused",
    ),
    Move("send_back", [S.TO_RETURN], S.RETURNING, event="sent_back"),
    Move(
        *("receive", [S.TO_RETURN, S.RETURNING], S.TO_INSPECT, _DECIDE),
        label=_("The return is here"),
        event="received",
    ),
    Move(
        *("pass_inspection", [S.TO_INSPECT], S.REFUNDING, _DECIDE, Q(kind=K.RETURN)),
        why_not=_("This return ends with a new parcel, not with money."),
        label=_("Inspected: refund"),
        event="inspected",
    ),
    Move(
        *("pass_exchange", [S.TO_INSPECT], S.TO_RESEND, _DECIDE, Q(kind=K.EXCHANGE)),
        why_not=_("This return ends with money, not with a new parcel."),
        label=_("Inspected: send the exchange"),
        event="exchange_inspected",
    ),
    Move(
        *("refuse_return", [S.TO_INSPECT], S.REFUSED, _DECIDE, _IN_TIME, _TOO_LATE),
        label=_("Refuse the return"),
        event="return_refused",
    ),
    Move("resent", [S.TO_RESEND], S.DONE, event="resent"),
    Move(
        *("refund_instead", [S.REQUESTED, S.TO_INSPECT, S.TO_RESEND], S.REFUNDING, _DECIDE),
        where=Q(kind=K.RESEND) | Q(kind=K.EXCHANGE, arrived_at__isnull=False),
        why_not=_("Nothing is to be sent here for which money could be refunded instead."),
        label=_("Refund instead"),
        event="refunded_instead",
    ),
    # A refund that was rejected, or failed for good: somebody has to decide again.
    Move("reopen", [S.REFUNDING], S.REQUESTED, event="reopened"),
    Move("finish", [S.REFUNDING], S.DONE, event="finished"),
    Move(
        *("withdraw", [S.REQUESTED, S.OFFERED, S.TO_RETURN, S.REFUSED, S.DISPUTED], S.WITHDRAWN),
        event="withdrawn",
    ),
    # The goods did not come back in time, or the order went another way.
    Move("lapse", [S.TO_RETURN, S.REQUESTED, S.OFFERED, S.TO_RESEND, S.REFUSED], S.CLOSED, event="lapsed"),
    Move("close", [S.REFUSED], S.CLOSED, event="closed"),
    Move("escalate", [S.REQUESTED, S.TO_INSPECT, S.REFUSED], S.DISPUTED, event="escalated"),
    Move(
        *("ask_platform", [S.REQUESTED, S.TO_INSPECT, S.REFUSED], S.DISPUTED, _DISPUTE),
        label=_("Ask the platform to decide"),
        event="platform_asked",
    ),
    # Noted at the dispute (`aftersales/rulings.py`), by the platform or by whoever handles disputes.
    Move(
        *("decide_for_buyer", [S.DISPUTED], S.REFUNDING, _DISPUTE),
        label=_("Decided for the buyer"),
        event="decided_for_buyer",
    ),
    Move(
        *("decide_for_seller", [S.DISPUTED], S.CLOSED, _DISPUTE),
        label=_("Decided for the shop"),
        event="decided_for_seller",
    ),
    Move(
        *("extend", _RUNNING, "", _DECIDE, _OWN_CLOCK & Q(paused_at__isnull=True)),
        why_not=_("No clock of this case is running; that of a wish to cancel is the order's."),
        label=_("Extend the deadline"),
        event="extended",
    ),
    Move(
        *("pause", _RUNNING, "", _DECIDE, _OWN_CLOCK & Q(paused_at__isnull=True)),
        why_not=_("No clock of this case is running; that of a wish to cancel is the order's."),
        label=_("Stop the clock"),
        event="paused",
    ),
    Move(
        *("resume", _RUNNING, "", _DECIDE, Q(paused_at__isnull=False)),
        why_not=_("The clock is not stopped."),
        label=_("Let the clock go on"),
        event="resumed",
    ),
    begins=S.REQUESTED,
    timers={
        S.REQUESTED: Timer(
            Step("review", clocks.by_rule),
            Step("warn", clocks.warning),
            Step("consent", clocks.silence, acts=True),
        ),
        S.OFFERED: Timer(Step("decline_offer", clocks.deadline, acts=True)),
        S.TO_RETURN: Timer(Step("lapse", clocks.deadline, acts=True)),
        S.TO_INSPECT: Timer(Step("warn", clocks.warning), Step("consent", clocks.deadline, acts=True)),
        S.TO_RESEND: Timer(Step("warn", clocks.warning)),
        S.REFUSED: Timer(Step("close", clocks.deadline, acts=True)),
    },
)
