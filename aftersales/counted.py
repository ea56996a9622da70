"""What figures count of cases and reviews, and of orders by their cases; lists filter by the same conditions."""

from __future__ import annotations

from django.db.models import Exists, Q
from django.utils.translation import gettext_lazy as _

from aftersales.models import NEGATIVE, Case
from aftersales.states import CaseKind, CaseStatus, Fault
from orders.counted import KINDS, OF_ORDER
from orders.states import AfterSales
from sellercenter.texts import Text

# Goods or money go back, or would; what the buyer took back or we refused for good does not count as a return.
_RETURNS = (CaseKind.REFUND, CaseKind.RETURN)
_NOT_MADE = (CaseStatus.WITHDRAWN, CaseStatus.REFUSED, CaseStatus.CLOSED)
_OF_ORDER = Case.objects.filter(**OF_ORDER)

WITH_CASE = ~Q(aftersales=AfterSales.NONE)
RETURNED = WITH_CASE & Q(Exists(_OF_ORDER.filter(kind__in=_RETURNS).exclude(status__in=_NOT_MADE)))
DISPUTED = WITH_CASE & Q(Exists(_OF_ORDER.filter(disputes__isnull=False)))
# The words that after-sales adds to the order list's filter `counted`.
ORDER_WORDS: dict[str, tuple[Text, Q]] = {
    "with_case": (_("With a case"), WITH_CASE),
    "returned": (_("Returned or refunded"), RETURNED),
    "disputed": (_("With a dispute"), DISPUTED),
}

# Of cases: those of orders that figures count.
COUNTED_CASES = Q(order__kind__in=KINDS)
CASE_RETURNED = Q(kind__in=_RETURNS) & ~Q(status__in=_NOT_MADE)
CASE_SELLER_FAULT = Q(fault=Fault.SELLER)
CASE_DECIDED = Q(decided_at__isnull=False)
CASE_WORDS: dict[str, tuple[Text, Q]] = {
    "all": (_("Counted in figures"), Q()),
    "returned": (_("Return or refund"), CASE_RETURNED),
    "seller_fault": (_("Shop's fault"), CASE_SELLER_FAULT),
    "decided": (_("Decided"), CASE_DECIDED),
}

REVIEW_NEGATIVE = Q(first_rating__lte=NEGATIVE)
