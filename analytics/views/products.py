"""Products: what sells, what comes back, and why."""

from __future__ import annotations

from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from aftersales.states import Problem
from analytics import breakdowns, drills
from analytics.charts import CATEGORIES, Bar, Bars, Tone, shown_table
from analytics.views.breakdowns import BreakdownPage, of
from sellercenter.columns import labels
from sellercenter.permissions import Perm
from sellercenter.sheets import Column, Kind, Sheet

# So many products with the most cases are shown with their causes.
SHOWN = 15
_TONES = {problem.value: tone for problem, tone in zip(Problem, (*CATEGORIES, Tone.REST), strict=True)}


class Products(BreakdownPage):
    """Products by what they sold, and those with the most cases by their causes."""

    permission = Perm.FIGURES_VIEW
    name, url_name = "products", "figures_products"
    dimensions = of("product", "product_problem")

    def blocks(self) -> list[dict[str, Any]]:
        """Return the table of products and the causes of cases."""
        return [self.table(self.told["product"]), {"kind": "bars", "half": False, "bars": self._causes()}]

    def tables(self) -> dict[str, Sheet]:
        """Return both tables."""
        return {"product": self.told["product"].sheet(), "causes": self._sheet()}

    @cached_property
    def _found(self) -> list[tuple[str, str, dict[str, int]]]:
        """The products with the most cases: key, name, and how many of each problem."""
        told = breakdowns.problems(self.told["product_problem"])
        worst = sorted(told.items(), key=lambda one: (-sum(one[1].values()), one[0]))[:SHOWN]
        names = {row.key: row.name for row in self.told["product"].rows}
        if others := [key for key, _causes in worst if key not in names]:
            names |= self.dimensions[0].names(self.shop, others)
        return [(key, names.get(key, key), causes) for key, causes in worst]

    @cached_property
    def _problems(self) -> list[str]:
        """The problems that occurred, in the order of the vocabulary."""
        return [one for one in Problem.values if any(one in causes for _key, _name, causes in self._found)]

    def _causes(self) -> dict[str, Any]:
        words = labels(Problem)
        rows = [
            Bar(name, [causes.get(one, 0) for one in self._problems], self._link(key))
            for key, name, causes in self._found
        ]
        parts = [(words[one], _TONES[one]) for one in self._problems]
        title, head = _("Causes of after-sales cases"), _("Product")
        help_ = _("The %(n)d products with the most cases, by when the case was opened.") % {"n": SHOWN}
        shown = self.prepared(Bars("causes", title, head, parts, rows, help=help_))
        return shown | {"table": shown_table(self._sheet(), urls=self._urls())}

    def _sheet(self) -> Sheet:
        """Return the causes with the share of the sold orders that came back."""
        words = labels(Problem)
        columns = [Column(_("Product")), *(Column(words[one], Kind.COUNT) for one in self._problems)]
        columns += [Column(_("Together"), Kind.COUNT)]
        rows = [
            [name, *(causes.get(one, 0) for one in self._problems), sum(causes.values())]
            for _key, name, causes in self._found
        ]
        return Sheet(_("Causes of after-sales cases"), columns, rows, self.shop.currency, self.shop.zone)

    def _urls(self) -> dict[tuple[int, int], str]:
        """Return the list of the cases behind each cell, for those who may open it."""
        found: dict[tuple[int, int], str] = {}
        if not self.opens("cases"):
            return found
        for at, (key, _name, causes) in enumerate(self._found):
            for place, one in enumerate(self._problems, 1):
                if causes.get(one):
                    found[at, place] = f"{self._link(key)}&problem={one}"
            found[at, len(self._problems) + 1] = self._link(key)
        return found

    def _link(self, key: str) -> str:
        opens = self.opens("cases")
        return drills.link("cases", self.shop, self.period, dimension="product", key=key) if opens else ""
