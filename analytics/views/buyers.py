"""Who buys: segments of buyers with their sizes, the rules that part them, and the buyers of one segment."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import buyers
from analytics.buyers import DOWNLOADED, EVERY, LAPSED, LISTED, SORTS, Person, Rules, Segment, Segments
from analytics.charts import shown_table
from analytics.kpis import KPIS
from analytics.periods import Period
from analytics.views.downloads import PeriodPage
from orders.views.lists import OrderList
from sellercenter import money, sheets
from sellercenter.lifecycle import Refused
from sellercenter.permissions import Perm
from sellercenter.privacy import mask_name
from sellercenter.sheets import Column, Kind, Sheet

# So many days are read at most.
LONGEST = 366
# By what each column of the list sorts.
_HEADS = ("", "orders", "amount", "mean", "last", "")


class RulesForm(forms.Form):
    """What parts buyers into segments; an empty field takes what is usual."""

    repeat = forms.IntegerField(
        label=gettext_lazy("Repeat buyers: orders at least"), min_value=2, max_value=100, required=False
    )
    threshold = forms.DecimalField(
        label=gettext_lazy("High order value from"), min_value=0, max_digits=12, decimal_places=2, required=False
    )
    lapsed = forms.IntegerField(
        label=gettext_lazy("Lapsed: no order for days"), min_value=7, max_value=365, required=False
    )


class Buyers(PeriodPage):
    """Segments of the buyers who paid in the period, and those who stayed away; each number opens its buyers."""

    permission = Perm.FIGURES_VIEW
    name, template = "buyers", "analytics/buyers.html"
    compares = False
    title = gettext_lazy("Buyers")
    help = gettext_lazy("By payment, read from the orders of the period. Nicknames are masked.")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer to those who may see orders, too: a list of buyers is more than figures."""
        self.actor.require(Perm.ORDERS_VIEW)
        return super().get(request)

    def check(self) -> None:
        """Raise Refused when the address names no period, no segment, no rule or no way to sort."""
        super().check()
        if self.period.days > LONGEST:
            raise Refused(_("Buyers are read from the orders themselves. Choose a year at most."), "bad_period")
        if self.request.GET.get("segment", "all") not in EVERY:
            raise Refused(_("There is no such segment. Choose one of those above."), "bad_segment")
        if self._sort.removeprefix("-") not in SORTS:
            raise Refused(_("“%s” is not a way to sort this list.") % self._sort[:40], "bad_sort")
        if not self._form.is_valid():
            said = [
                f"{self._form.fields[name].label}: {' '.join(map(str, told))}"
                for name, told in self._form.errors.items()
            ]
            raise Refused(" ".join(said), "bad_rule")

    def show(self, *, status: int = 200, **context: Any) -> HttpResponse:
        """Answer with the page and the form of the rules, which stays whatever is wrong."""
        kept = [
            (name, value) for name, value in self.request.GET.items() if name not in (*self._form.fields, "download")
        ]
        return super().show(status=status, form=self._form, kept=kept, **context)

    def figures(self) -> dict[str, Any]:
        """Return the segments, how many bought again, and the buyers of the chosen one."""
        chosen = self._segments.sizes[self._segment.code].buyers
        self._show_usual()
        return {
            "segments": [self._card(one) for one in EVERY.values()],
            "repurchase": self._repurchase(),
            "sizes": self.part("segments", self._sizes()),
            "listed": self._list() | {"empty": not self._segments.listed, "note": self._cut(chosen)},
        }

    def tables(self) -> dict[str, Sheet]:
        """Return the sizes of the segments and the buyers of the chosen one."""
        return {"segments": self._sizes(), "buyers": self._listed()}

    def part(self, code: str, sheet: Sheet, *, urls: dict[tuple[int, int], str] | None = None) -> dict[str, Any]:
        """Prepare one table for `analytics/parts/sheet.html`."""
        return {
            **{"code": code, "title": sheet.title, "links": self.links(code)},
            "table": shown_table(sheet, urls=urls),
        }

    @cached_property
    def _form(self) -> RulesForm:
        return RulesForm(self.request.GET, auto_id="rule_%s")

    @cached_property
    def _rules(self) -> Rules:
        told = {name: value for name, value in self._form.cleaned_data.items() if value is not None}
        return Rules(**told)

    @property
    def _segment(self) -> Segment:
        return EVERY[self.request.GET.get("segment", "all")]

    @property
    def _sort(self) -> str:
        return self.request.GET.get("sort") or "-amount"

    @cached_property
    def _segments(self) -> Segments:
        limit = DOWNLOADED if "download" in self.request.GET else LISTED
        return buyers.segments(
            *(self.shop, self.period, self._rules), chosen=self._segment.code, sort=self._sort, limit=limit
        )

    def _show_usual(self) -> None:
        """Show in empty fields by which numbers the segments are parted."""
        usual = {"repeat": self._rules.repeat, "threshold": self._segments.threshold, "lapsed": self._rules.lapsed}
        for name, value in usual.items():
            self._form.fields[name].widget.attrs["placeholder"] = "" if value is None else str(value)

    def _card(self, segment: Segment) -> dict[str, Any]:
        size = self._segments.sizes[segment.code]
        return {
            **{"label": segment.label, "help": self._meaning(segment), "active": segment is self._segment},
            "buyers": sheets.say(size.buyers, Kind.COUNT, self.shop.currency),
            "amount": money.text(size.amount, self.shop.currency),
            "url": self.here(segment=segment.code),
        }

    def _meaning(self, segment: Segment) -> str:
        """Say who is in a segment, with the numbers by which it is parted."""
        rules, said = self._rules, str(segment.help)
        if segment.code == "repeat":
            return _("Paid for %(n)d orders or more in the period.") % {"n": rules.repeat}
        if segment.code == "high" and self._segments.threshold is not None:
            least = money.text(self._segments.threshold, self.shop.currency)
            return _("Paid %(least)s or more per order, on average.") % {"least": least}
        if segment is LAPSED:
            first, last, away = (f"{day:%Y-%m-%d}" for day in buyers.lapse(self.period, rules.lapsed))
            words = _("Paid for an order from %(first)s to %(last)s, and for none from %(away)s on.")
            return words % {"first": first, "last": last, "away": away}
        return said

    def _repurchase(self) -> dict[str, str]:
        kpi = KPIS["repurchase_rate"]
        value = self._segments.repurchase
        return {"label": str(kpi.label), "value": kpi.say(value, self.shop), "formula": str(kpi.formula)}

    def _sizes(self) -> Sheet:
        columns = [Column(_("Segment")), Column(_("Buyers"), Kind.COUNT), Column(_("Of all"), Kind.RATIO)]
        columns += [Column(_("Orders"), Kind.COUNT), Column(_("Paid amount"), Kind.MONEY)]
        columns += [Column(_("Per order"), Kind.MONEY), Column(_("Who they are"))]
        every = self._segments.sizes["all"].buyers
        rows = []
        for one in EVERY.values():
            size = self._segments.sizes[one.code]
            share = Decimal(size.buyers) / every if every and one is not LAPSED else None
            mean = size.amount / size.orders if size.orders else None
            rows.append([one.label, size.buyers, share, size.orders, size.amount, mean, self._meaning(one)])
        return Sheet(_("Segments"), columns, rows, self.shop.currency, self.shop.zone)

    def _listed(self) -> Sheet:
        columns = [Column(_("Buyer")), Column(_("Orders"), Kind.COUNT), Column(_("Paid amount"), Kind.MONEY)]
        columns += [Column(_("Per order"), Kind.MONEY), Column(_("Last paid"), Kind.TIME)]
        columns += [Column(_("Before the period"))]
        rows = [
            [mask_name(one.nickname) or sheets.UNKNOWN, one.orders, one.amount, one.mean, one.last_at, _known(one)]
            for one in self._segments.listed
        ]
        title = _("Buyers: %(segment)s") % {"segment": self._segment.label}
        return Sheet(title, columns, rows, self.shop.currency, self.shop.zone)

    def _list(self) -> dict[str, Any]:
        """Prepare the chosen segment's buyers as a table that can be sorted."""
        sheet = self._listed()
        table = shown_table(sheet, urls=self._urls())
        heads = [head | self._sorting(word) for head, word in zip(table["heads"], _HEADS, strict=True)]
        rows = [
            {"head": row["head"]["text"], "url": row["head"]["url"], "cells": row["cells"]} for row in table["rows"]
        ]
        shown = {"caption": sheet.title, "heads": heads, "rows": rows}
        return {"code": "buyers", "title": sheet.title, "links": self.links("buyers"), "apart": shown}

    def _urls(self) -> dict[tuple[int, int], str]:
        """Lead to a buyer's orders: all of them from the name, those that count from their number."""
        base, days = self.url(OrderList.url_name), self._days()
        counted = f"counted=paid&paid_from={days.first}&paid_to={days.last}"
        found = {}
        for at, one in enumerate(self._segments.listed):
            found[at, 0] = f"{base}?buyer_id={one.id}"
            found[at, 1] = f"{base}?buyer_id={one.id}&{counted}"
        return found

    def _days(self) -> Period:
        """The days whose orders are listed with a buyer."""
        if self._segment is not LAPSED:
            return self.period
        first, last, _away = buyers.lapse(self.period, self._rules.lapsed)
        return Period(first, last)

    def _sorting(self, word: str) -> dict[str, str]:
        if not word:
            return {}
        turned = word if self._sort == f"-{word}" else f"-{word}"
        sorted_ = "" if self._sort.lstrip("-") != word else "descending" if self._sort[0] == "-" else "ascending"
        return {"url": self.here(sort=turned), "sorted": sorted_}

    def _cut(self, every: int) -> str:
        """Say that the list is not all of the segment, when that is so."""
        shown = len(self._segments.listed)
        if shown >= every:
            return ""
        return _("The first %(shown)s of %(every)s. A download has up to %(most)s.") % {
            **{"shown": f"{shown:,}", "every": f"{every:,}", "most": f"{DOWNLOADED:,}"}
        }


def _known(one: Person) -> str:
    return _("Returning") if one.known_before else _("New")
