"""What an answer to a review must not say: something of value for a better rating (forbidden by both platforms).

Two lists of patterns, readable on one screen: what is offered, and what is asked for. Words of both together are
refused, and so is a slogan that says both by itself. Neither alone is: a shop may speak of a refund, and may thank for
a review.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _

_OFFERED = re.compile(
    r"\b(?:refund\w*|cash ?back|money|vouchers?|coupons?|gifts?|gift cards?|discounts?|rewards?|bonus|credits?"
    r"|reimburse\w*|compensat\w+|for free|free (?:item|product|sample|shipping)|pay you|paypal)\b"
    r"|[£$€¥]\s?\d+|\b\d+\s?(?:%|percent) off\b|\b\d+\s?(?:usd|gbp|eur|rmb|yuan|dollars?|pounds?|euros?)\b"
    r"|返现|返利|红包|现金|退款|退您|退你|补偿|赔偿|优惠券|代金券|购物券|礼品|赠品|礼物|赠送|免单|转账|打款|\d+\s?[元块]"
)
_ASKED = re.compile(
    r"\b(?:chang|edit|updat|revis|amend|improv|rais|remov|delet|withdraw|upgrad|reconsider|tak|modif)\w*"
    r"(?:\W+\w+){0,4}?\W+(?:reviews?|ratings?|stars?|feedback|comments?)\b"
    r"|\b(?:[45]|four|five)[- ]?stars?\b"
    r"|\b(?:better|good|positive|higher|great|nice)(?:\W+\w+){0,2}?\W+(?:reviews?|ratings?|feedback)\b"
    r"|(?:改|修改|更改|删|删除|撤|撤销|换成|追加|追评|写|打|给个?)[^,。.;!?、\s]{0,6}(?:好评|评价|差评|中评|评论|评分|星|五分|满分)"
    r"|(?:五|5|四|4)\s?星|满分|好评"
)
_SLOGANS = re.compile(r"(?:改|删)?(?:好评|差评|评价|晒图)[^,。.;!?、\s]{0,4}(?:返|有礼|有奖|送|领)")
# Signs with which people pull a word apart so that no list finds it.
_BETWEEN = re.compile(r"(?<=[\u4e00-\u9fff])[\s._\-*·|/\\+~]+(?=[\u4e00-\u9fff])")
# Signs that nobody sees, beside those of the category of formats: joiners, fillers and what chooses a shape.
_UNSEEN = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


@dataclass(frozen=True)
class Objection:
    """What is wrong with an answer: the words that were found, and a sentence for who wrote them."""

    found: tuple[str, ...]
    says: str


def objection(words: str) -> Objection | None:
    """Return why this answer to a review must not be sent, or None when nothing is wrong."""
    seen = "".join(sign for sign in words if unicodedata.category(sign) != "Cf")
    plain = unicodedata.normalize("NFKC", _UNSEEN.sub("", seen)).casefold()
    plain = _BETWEEN.sub("", plain)
    if slogan := _SLOGANS.search(plain):
        return Objection(
            (slogan[0],),
            _("“%s” promises something for a rating, which the platforms forbid. Say what you do to help instead.")
            % slogan[0],
        )
    offered, asked = _OFFERED.search(plain), _ASKED.search(plain)
    if offered is None or asked is None:
        return None
    return Objection(
        (offered[0], asked[0]),
        _(
            "“%(offered)s” together with “%(asked)s” offers something for a better rating, which the platforms forbid."
            " Leave one of them out."
        )
        % {"offered": offered[0], "asked": asked[0]},
    )
