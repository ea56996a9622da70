"""Verbs on cases: one door for each thing that can be done to one.

Every verb takes the version that its caller `seen`; None leaves the check of what changed meanwhile to the state.
"""

from aftersales.actions.deadlines import extend, pause, resume
from aftersales.actions.deciding import (
    accept,
    accept_resend,
    accept_return,
    decline_offer,
    keep,
    offer,
    offer_exchange,
    refuse,
    take_exchange,
    take_offer,
)
from aftersales.actions.ending import (
    ask_platform,
    close,
    decide_for_buyer,
    decide_for_seller,
    escalate,
    finish,
    forgo,
    lapse,
    reopen,
    withdraw,
)
from aftersales.actions.goods import inspect, receive, refund_instead, refuse_return, resent, send_back
from aftersales.actions.opening import follow_cancel, open_case

__all__ = [
    "accept",
    "accept_resend",
    "accept_return",
    "ask_platform",
    "close",
    "decide_for_buyer",
    "decide_for_seller",
    "decline_offer",
    "escalate",
    "extend",
    "finish",
    "follow_cancel",
    "forgo",
    "inspect",
    "keep",
    "lapse",
    "offer",
    "offer_exchange",
    "open_case",
    "pause",
    "receive",
    "refund_instead",
    "refuse",
    "refuse_return",
    "reopen",
    "resent",
    "resume",
    "send_back",
    "take_exchange",
    "take_offer",
    "withdraw",
]
