"""The figures that a shop is run by, each declared once: what over what, by which moment, without whom, in words.

Definitions follow `docs/figures.md`, which names the platforms' rules they come from. A share of nothing is no figure
and shown as a dash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import models
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from analytics import drills
from analytics.durations import Durations
from analytics.figures import Number
from analytics.periods import Period
from sellercenter import money, times
from sellercenter.models import Shop
from sellercenter.texts import Text

DASH = "—"


class Unit(models.TextChoices):
    """What a figure is told in."""

    COUNT = "count", _("records")
    MONEY = "money", _("money")
    RATIO = "ratio", _("share")
    SECONDS = "seconds", _("time")


class Group(models.TextChoices):
    """What a figure is about; panels show one group after the other."""

    SALES = "sales", _("Sales")
    SHIPPING = "shipping", _("Shipping")
    AFTERSALES = "aftersales", _("After-sales")
    BUYERS = "buyers", _("Buyers and creators")


class Basis(models.TextChoices):
    """By which moment a record belongs to a period."""

    PLACED = "placed", _("when the order was placed")
    PAID = "paid", _("when the order was paid")
    SHIPPED = "shipped", _("when the order was shipped")
    DELIVERED = "delivered", _("when the order was delivered")
    CANCELLED = "cancelled", _("when the order was cancelled")
    CASE = "case", _("when the case was opened")
    REVIEW = "review", _("when the review was written")


NO_SAMPLES = _("Without samples, lottery prizes and goods that were sent again.")


@dataclass(frozen=True)
class Kpi:
    """One figure: a measure, or one measure over another; of a span of time also its median and 90th percentile.

    `good` says whether more is better (up), less is better (down), or neither. A `live` figure can't be added up from
    days, so it is worked out from the records on request. `share` is the percentile, for figures that are one.
    """

    code: str
    label: Text
    group: Group
    unit: Unit
    basis: Basis
    formula: Text
    numerator: str
    denominator: str = ""
    exclusions: Text = NO_SAMPLES
    good: str = "up"
    span: str = ""
    share: str = ""
    live: bool = False

    def value(self, sums: Mapping[str, Number], durations: Mapping[str, Durations] | None = None) -> Decimal | None:
        """Return the figure: a number, an amount in the shop's currency, a share of 1, or seconds; None for a dash.

        `durations` are those of the period by their span; a percentile needs them, within 1 % of the true one.
        """
        if self.share:
            told = (durations or {}).get(self.span)
            seconds = told.percentile(self.share) if told else None
            return None if seconds is None else Decimal(seconds)
        if not self.denominator:
            return Decimal(sums[self.numerator])
        whole = sums[self.denominator]
        return Decimal(sums[self.numerator]) / Decimal(whole) if whole else None

    def say(self, value: Decimal | None, shop: Shop) -> str:
        """Write the figure as people read it."""
        if value is None:
            return DASH
        if self.unit == Unit.MONEY:
            return money.text(value, shop.currency)
        if self.unit == Unit.RATIO:
            return f"{number_format((value * 100).quantize(Decimal('0.01'), ROUND_HALF_UP), 2)} %"
        if self.unit == Unit.SECONDS:
            return f"{'−' if value < 0 else ''}{times.span(timedelta(seconds=abs(int(value))))}"
        return number_format(value.quantize(Decimal(1)), force_grouping=True)

    def link(self, shop: Shop, period: Period) -> str:
        """Return the address of exactly the records of the numerator."""
        return drills.link(self.numerator, shop, period)

    def base_link(self, shop: Shop, period: Period) -> str:
        """Return the address of exactly the records of the denominator; nothing for a figure without one."""
        return drills.link(self.denominator, shop, period) if self.denominator else ""


def _times(code: str, label: Text, group: Group, basis: Basis, formula: Text, span: str, timed: str) -> list[Kpi]:
    """Declare a length of time by its mean, its median and its 90th percentile."""
    common: dict[str, Any] = {"group": group, "unit": Unit.SECONDS, "basis": basis, "good": "down", "span": span}
    near = _("Worked out from counts in logarithmic buckets: within one per cent of the exact value.")
    return [
        Kpi(code, label, formula=formula, numerator=f"{span}_seconds", denominator=timed, **common),
        *(
            Kpi(f"{code}_{word}", said, formula=near, numerator=timed, share=share, **common)
            for word, said, share in (("median", _("Median"), "0.5"), ("p90", _("90 % within"), "0.9"))
        ),
    ]


_EVERY = [
    Kpi(
        *("placed", _("Orders placed"), Group.SALES, Unit.COUNT, Basis.PLACED),
        formula=_("Orders that were placed."),
        numerator="placed",
    ),
    Kpi(
        *("paid", _("Orders paid"), Group.SALES, Unit.COUNT, Basis.PAID),
        formula=_("Orders that were paid, also those that were refunded later."),
        numerator="paid",
    ),
    Kpi(
        *("gmv", _("GMV"), Group.SALES, Unit.MONEY, Basis.PAID),
        formula=_("Totals of the orders that were paid, with freight, also of those that were refunded later."),
        numerator="gmv",
    ),
    Kpi(
        *("paid_amount", _("Paid amount"), Group.SALES, Unit.MONEY, Basis.PAID),
        formula=_("What buyers paid for the orders that were paid; refunds are not taken off."),
        numerator="paid_amount",
    ),
    Kpi(
        *("aov", _("Average order value"), Group.SALES, Unit.MONEY, Basis.PAID),
        formula=_("Paid amount ÷ orders paid."),
        numerator="paid_amount",
        denominator="paid",
    ),
    Kpi(
        *("payment_conversion", _("Payment conversion"), Group.SALES, Unit.RATIO, Basis.PLACED),
        formula=_("Of the orders placed, those that have been paid by now ÷ all of them."),
        numerator="placed_paid",
        denominator="placed",
    ),
    Kpi(
        *("unpaid_loss", _("Unpaid loss"), Group.SALES, Unit.RATIO, Basis.PLACED),
        formula=_("Of the orders placed, those that were cancelled without payment ÷ all of them."),
        numerator="unpaid_lost",
        denominator="placed",
        good="down",
    ),
    Kpi(
        *("unpaid_lost_amount", _("Lost unpaid"), Group.SALES, Unit.MONEY, Basis.PLACED),
        formula=_("Totals of the orders placed that were cancelled without payment."),
        numerator="unpaid_lost_amount",
        good="down",
    ),
    Kpi(
        *("cancelled", _("Orders cancelled"), Group.SALES, Unit.COUNT, Basis.CANCELLED),
        formula=_("Orders that were cancelled, whoever did it and at whichever step."),
        numerator="cancelled",
        good="down",
    ),
    Kpi(
        *("seller_cancel_rate", _("Cancelled by the shop's fault"), Group.SALES, Unit.RATIO, Basis.PLACED),
        formula=_(
            "Of the orders placed, those that the shop cancelled before shipping, or that were cancelled because it"
            " shipped too late ÷ all of them."
        ),
        numerator="seller_cancelled",
        denominator="placed",
        good="down",
    ),
    Kpi(
        *("shipped", _("Orders shipped"), Group.SHIPPING, Unit.COUNT, Basis.SHIPPED),
        formula=_("Orders whose goods left the shop."),
        numerator="shipped",
    ),
    *_times(
        *("ship_time", _("Average ship time"), Group.SHIPPING, Basis.SHIPPED),
        _("Mean time from payment to shipping of the orders shipped."),
        *("ship", "ship_timed"),
    ),
    *_times(
        *("logistics_time", _("Logistics time"), Group.SHIPPING, Basis.DELIVERED),
        _("Mean time from shipping to delivery of the orders delivered."),
        *("transit", "transit_timed"),
    ),
    Kpi(
        *("late_shipment_rate", _("Late shipment rate"), Group.SHIPPING, Unit.RATIO, Basis.SHIPPED),
        formula=_("Of the orders shipped that had a ship-by time, those shipped after it ÷ all of them."),
        numerator="ship_late",
        denominator="ship_promised",
        good="down",
    ),
    Kpi(
        *("on_time_delivery", _("On-time delivery"), Group.SHIPPING, Unit.RATIO, Basis.DELIVERED),
        formula=_("Of the orders delivered that had a promised time, those delivered by then ÷ all of them."),
        numerator="deliver_on_time",
        denominator="deliver_promised",
    ),
    Kpi(
        *("logistics_problem_rate", _("Logistics problem rate"), Group.SHIPPING, Unit.RATIO, Basis.SHIPPED),
        formula=_("Of the orders shipped, those with a parcel that failed, came back, was lost or is marked ÷ all."),
        numerator="ship_problem",
        denominator="shipped",
        good="down",
    ),
    Kpi(
        *("return_rate", _("Return rate"), Group.AFTERSALES, Unit.RATIO, Basis.PAID),
        formula=_("Of the orders paid, those with a return or refund that was not refused or withdrawn ÷ all of them."),
        numerator="paid_returned",
        denominator="paid",
        good="down",
    ),
    Kpi(
        *("return_rate_by_day", _("Returns asked for"), Group.AFTERSALES, Unit.RATIO, Basis.CASE),
        formula=_("Returns and refunds asked for in these days ÷ orders paid in these days, whichever they belong to."),
        numerator="cases_returned",
        denominator="paid",
        good="down",
    ),
    Kpi(
        *("aftersales_rate", _("After-sales rate"), Group.AFTERSALES, Unit.RATIO, Basis.PAID),
        formula=_("Of the orders paid, those with at least one after-sales case ÷ all of them."),
        numerator="paid_cased",
        denominator="paid",
        good="down",
    ),
    Kpi(
        *("dispute_rate", _("Dispute rate"), Group.AFTERSALES, Unit.RATIO, Basis.PLACED),
        formula=_("Of the orders placed, those that went to arbitration ÷ all of them."),
        numerator="placed_disputed",
        denominator="placed",
        good="down",
    ),
    *_times(
        *("handling_time", _("After-sales handling time"), Group.AFTERSALES, Basis.CASE),
        _("Mean time from the opening of a case to the decision, of the cases opened that are decided."),
        *("decide", "cases_decided"),
    ),
    Kpi(
        *("negative_review_rate", _("Negative review rate"), Group.AFTERSALES, Unit.RATIO, Basis.REVIEW),
        formula=_("Reviews whose first rating was 1 or 2 stars ÷ all reviews written."),
        numerator="reviews_negative",
        denominator="reviews",
        exclusions="",
        good="down",
    ),
    Kpi(
        *("repurchase_rate", _("Repurchase rate"), Group.BUYERS, Unit.RATIO, Basis.PAID),
        formula=_("Buyers with two paid orders or more in these days ÷ buyers with at least one."),
        numerator="repeat_buyers",
        denominator="buyers",
        live=True,
    ),
    Kpi(
        *("commission", _("Creator commission"), Group.BUYERS, Unit.MONEY, Basis.PAID),
        formula=_("Commission of creators on the lines of the orders that were paid; refunds are not taken off."),
        numerator="commission",
        good="",
    ),
]
KPIS: dict[str, Kpi] = {kpi.code: kpi for kpi in _EVERY}
