"""What is lost before it is sold: orders that were cancelled, why, by whom and at which step, and those never paid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics import drills
from analytics.breakdowns import UNPAID
from analytics.charts import Bar, Bars, Tone, shown_table
from analytics.figures import Sums
from analytics.views.breakdowns import BreakdownPage, of
from sellercenter.permissions import Perm
from sellercenter.sheets import Column, Kind, Sheet

# At which step an order was lost: the measures of how many, in the order in which orders move.
_STEPS = ("cancelled_unpaid", "cancelled_unshipped", "cancelled_shipped")


class Cancels(BreakdownPage):
    """Cancelled orders by reason, by who did it and by step; orders that nobody paid, by source and payment method."""

    permission = Perm.FIGURES_VIEW
    name, url_name = "cancels", "figures_cancels"
    dimensions = (*of("cancel_reason", "cancelled_by"), *UNPAID)
    also = _STEPS

    def blocks(self) -> list[dict[str, Any]]:
        """Return the steps, the reasons, who cancelled, and what was never paid."""
        steps = self.prepared(self._steps) | {"table": shown_table(self._sheet(), urls=self._urls())}
        return [
            {"kind": "bars", "half": True, "bars": steps},
            self.table(self.told["cancelled_by"], half=True),
            self.table(self.told["cancel_reason"]),
            self.table(self.told["source"]),
            self.table(self.told["method"]),
        ]

    def tables(self) -> dict[str, Sheet]:
        """Return every table of the page."""
        return {"steps": self._sheet(), **super().tables()}

    @cached_property
    def _whole(self) -> Sums:
        return self.told["cancel_reason"].total.sums

    @cached_property
    def _steps(self) -> Bars:
        rows = [
            Bar(words, [int(self._whole[measure])], drills.link(measure, self.shop, self.period))
            for measure, words in zip(_STEPS, self._words(), strict=True)
        ]
        help_ = _("How far the orders had come that were cancelled in these days.")
        return Bars("steps", _("Lost at which step"), _("Step"), [(_("Orders"), Tone.CANCELLED)], rows, help=help_)

    def _words(self) -> tuple[str, ...]:
        return _("Never paid"), _("Paid, not shipped"), _("Shipped")

    def _sheet(self) -> Sheet:
        """Return how many orders were lost at each step, and which part of all cancelled ones that is."""
        whole = int(self._whole["cancelled"])
        columns = [
            Column(_("Step")),
            Column(_("Orders"), Kind.COUNT),
            Column(pgettext("of the whole", "Share"), Kind.RATIO),
        ]
        told = [int(self._whole[measure]) for measure in _STEPS]
        rows = [[words, n, Decimal(n) / whole if whole else None] for words, n in zip(self._words(), told, strict=True)]
        return Sheet(_("Lost at which step"), columns, rows, self.shop.currency, self.shop.zone)

    def _urls(self) -> dict[tuple[int, int], str]:
        return {(at, 1): drills.link(one, self.shop, self.period) for at, one in enumerate(_STEPS)}
