"""One search box for cases: case no., order no., tracking no. of the return, buyer's nickname."""

from __future__ import annotations

import re

from django.db.models import Q

from aftersales.models import Case
from orders import search
from orders.models import Order
from sellercenter.models import Shop

MOST_CANDIDATES = 10_000
_NUMBER_LIKE = re.compile(r"(?=.*\d)[\w./#+-]{3,64}")


def by_order(shop: Shop, text: str) -> Q:
    """Match the cases of orders whose number begins so."""
    return Q(order__in=Order.objects.for_shop(shop).filter(number__startswith=text.strip()).values("pk"))


def by_tracking(shop: Shop, text: str) -> Q:
    """Match the cases whose goods come back under exactly this number."""
    return Q(return_tracking_no=text.strip()) & ~Q(return_tracking_no="")


def nickname(shop: Shop, text: str) -> Q:
    """Match a piece of the buyer's nickname; from three letters on an index answers."""
    text = text.strip()
    return search.nickname_indexed(text) if len(text) > 2 else search.nickname(text)


def condition(shop: Shop, text: str) -> Q:
    """Match the cases that the text finds: a number where it names one, else a piece of the buyer's nickname."""
    text = text.strip()
    if _NUMBER_LIKE.fullmatch(text) and (named := _by_number(shop, text)) is not None:
        return named
    return nickname(shop, text) if len(text) > 1 else Q(number__startswith=text)


def _by_number(shop: Shop, text: str) -> Q | None:
    """Match what a number names; None when it names nothing, so that a nickname with digits is found too."""
    every = Case.objects.for_shop(shop).order_by().values_list("pk")
    queries = [every.filter(one) for one in (Q(number__startswith=text), by_order(shop, text), by_tracking(shop, text))]
    found = [pk for (pk,) in queries[0].union(*queries[1:])[: MOST_CANDIDATES + 1]]
    # So many can only share a beginning, and then the list meets them at once.
    if len(found) > MOST_CANDIDATES:
        return Q(number__startswith=text) | by_order(shop, text)
    return search.among(found) if found else None
