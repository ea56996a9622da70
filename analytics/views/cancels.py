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
_AMOUNTS = tuple(f"{step}_amount" for step in _STEPS)


class Cancels(BreakdownPage):
    """Cancelled orders by reason, by who did it and by step; orders that nobody paid, by source and payment method."""

    permission = Perm.FIGURES_VIEW
    name, url_name = "cancels", "figures_cancels"
    dimensions = (*of("cancel_reason", "cancelled_by"), *UNPAID)
    also = (*_STEPS, *_AMOUNTS)

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
        """Return how many orders were lost at each step, which part of all cancelled ones, and what they were worth."""
        sums, whole = self._whole, Decimal(self._whole["cancelled"])
        columns = [Column(_("Step")), Column(_("Orders"), Kind.COUNT)]
        columns += [Column(pgettext("of the whole", "Share"), Kind.RATIO), Column(_("Amount lost"), Kind.MONEY)]
        rows = [
            [words, int(sums[step]), sums[step] / whole if whole else None, sums[amount]]
            for words, step, amount in zip(self._words(), _STEPS, _AMOUNTS, strict=True)
        ]
        return Sheet(_("Lost at which step"), columns, rows, self.shop.currency, self.shop.zone)

    def _urls(self) -> dict[tuple[int, int], str]:
        found = {(at, 1): drills.link(one, self.shop, self.period) for at, one in enumerate(_STEPS)}
        return found | {(at, 3): url for (at, _place), url in found.items()}
