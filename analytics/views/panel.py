"""The panel of figures: every figure of a period with its trend, the funnel, and when orders are placed."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import beside, cards, drills, figures, periods, repurchase
from analytics.cards import Read
from analytics.charts import Chart, Funnel, Heat, Series, Step, Tone
from analytics.kpis import KPIS, NO_SAMPLES, Kpi
from analytics.periods import Period
from analytics.views.downloads import PeriodPage
from sellercenter.lifecycle import Refused
from sellercenter.permissions import Perm
from sellercenter.sheets import Kind, Sheet
from sellercenter.texts import Text

_HEADS: dict[str, Text] = {
    "day": gettext_lazy("Day"),
    "week": gettext_lazy("Week from"),
    "month": gettext_lazy("Month from"),
}
# The steps of an order, told of the orders placed in the period.
_STEPS: tuple[tuple[str, Text, Tone], ...] = (
    ("placed", gettext_lazy("Placed"), Tone.PLACED),
    ("placed_paid", gettext_lazy("Paid"), Tone.PAID),
    ("placed_shipped", gettext_lazy("Shipped"), Tone.SHIPPED),
    ("placed_delivered", gettext_lazy("Delivered"), Tone.DELIVERED),
)
_MEASURES = cards.MEASURES | {name for name, _label, _tone in _STEPS}


class _Chosen(PeriodPage):
    """A page about the figures of a period, one of which the address may name for the trend."""

    abstract = True
    usual: ClassVar[str] = "placed"

    def check(self) -> None:
        """Raise Refused when the address names no period or no figure."""
        super().check()
        if self.asked not in {kpi.code for kpi in cards.DAILY}:
            raise Refused(_("There is no trend “%s”. Choose one of the list.") % self.asked[:40], "bad_kpi")

    @property
    def asked(self) -> str:
        """The figure whose trend is drawn."""
        return self.request.GET.get("kpi", self.usual)


class Panel(_Chosen):
    """Every figure of the shop in a period, beside other days; each number opens what it counts."""

    name, template = "figures", "analytics/panel.html"
    title = gettext_lazy("Figures")
    help = gettext_lazy("How the shop does. Each number opens exactly what it counts.")

    def figures(self) -> dict[str, Any]:
        """Return the cards, the trend, the funnel and the hours."""
        return {
            "groups": self._groups(),
            "trend": self.prepared(self.trend) | {"menu": self._trends()},
            "funnel": self.prepared(self.funnel),
            "hours": self.prepared(self.hours),
            "left_out": NO_SAMPLES,
            "rebuild_url": self.url("figures_rebuild") if self.actor.may(Perm.POLICIES_EDIT) else "",
            "links": {"kpis": self.links("kpis"), "steps": self.links("steps")},
        }

    def tables(self) -> dict[str, Sheet]:
        """Return all figures, all of them over time, and the tables of the charts."""
        drawn = {one.code: one.sheet(self.shop) for one in (self.trend, self.funnel, self.hours)}
        steps = cards.step_sheet(self.read, self.shop, str(_HEADS[self.step]))
        return {"kpis": cards.sheet(self.read, self.shop), "steps": steps, **drawn}

    @cached_property
    def kpi(self) -> Kpi:
        """The figure of the trend."""
        return KPIS[self.asked]

    @property
    def step(self) -> str:
        """How the period is cut: by days, weeks or months."""
        return self.period.step()

    @cached_property
    def trends(self) -> list[beside.Trend]:
        """The period and what it is compared with, step by step."""
        asked = [one for one in (self.choice.period, self.choice.compared) if one]
        return beside.trends(self.shop, asked, self.step, _MEASURES)

    @cached_property
    def read(self) -> Read:
        """Everything that the cards tell."""
        told = {span: one for (span, _key), one in figures.every_duration(self.shop, self.period).items()}
        before = self.trends[1] if self.choice.compared else None
        return Read.of(self.period, self.trends[0], before, told, today=periods.today(self.shop, self.now))

    @cached_property
    def trend(self) -> Chart:
        """The chosen figure over the period, beside the days that it is compared with."""
        kpi, rows = self.kpi, self.trends[0]
        urls = [kpi.link(self.shop, part) for part, _sums in rows] if self.opens(kpi.numerator) else []
        name = _("This period") if len(self.trends) > 1 else kpi.label
        series = [Series(name, [kpi.value(sums) for _part, sums in rows], cards.tone(kpi), urls=urls)]
        for other in self.trends[1:]:
            values = [kpi.value(sums) for _part, sums in other][: len(rows)]
            values += [None] * (len(rows) - len(values))
            series.append(Series(periods.COMPARISONS[self.choice.comparison], values, Tone.BEFORE, dashed=True))
        # A line needs more than two points to be one.
        kind = "line" if len(rows) > 2 else "bar"
        return Chart(
            *("trend", kpi.label, kind, [part.first for part, _sums in rows], series),
            unit=Kind(kpi.unit.value),
            head=_HEADS[self.step],
            help=kpi.formula,
        )

    @cached_property
    def funnel(self) -> Funnel:
        """How far the orders have come that were placed in the period."""
        steps = [
            Step(label, int(self.read.sums[name]), tone, drills.link(name, self.shop, self.period))
            for name, label, tone in _STEPS
        ]
        words = _("Of the orders placed in these days, how many have come so far by now.")
        return Funnel("funnel", _("From order to delivery"), steps, words)

    @cached_property
    def hours(self) -> Heat:
        """When orders are placed."""
        told = figures.by_weekday_and_hour(self.shop, self.period)
        weekdays = sorted({(self.period.first + timedelta(days=n)).weekday() for n in range(min(self.period.days, 7))})
        rows = [(str(WEEKDAYS_ABBR[day]), [int(told.get((day, hour), 0)) for hour in range(24)]) for day in weekdays]
        words = _("Orders placed, by weekday and hour of the shop's clock.")
        heads = [f"{hour:02}" for hour in range(24)]
        return Heat("hours", _("When buyers order"), heads, rows, _("Day"), words)

    def trend_url(self, code: str) -> str:
        """Return the address that draws a figure's trend."""
        return f"?{self._rest}kpi={code}#trend"

    @cached_property
    def _rest(self) -> str:
        """The address without the figure of the trend."""
        query = self.here(kpi=None).partition("?")[2]
        return f"{query}&" if query else ""

    def _trends(self) -> dict[str, Any]:
        """Prepare the choice of the figure that is drawn."""
        entries = [
            {"label": kpi.label, "url": self.trend_url(kpi.code), "active": kpi is self.kpi} for kpi in cards.DAILY
        ]
        return {"label": _("Show the trend of"), "now": self.kpi.label, "items": entries}

    def _groups(self) -> list[dict[str, Any]]:
        found = cards.groups(self.read, self.shop, opens=self.opens, trend_url=self.trend_url)
        told = {one["code"]: one for one in found}
        for kpi in cards.LIVE:
            told[kpi.group.value]["live"] = self._live(kpi)
        return found

    def _live(self, kpi: Kpi) -> dict[str, Any]:
        """Prepare the place of a figure that comes after the page, or with it when the address asks for it."""
        if self.request.GET.get("live"):
            return {"card": live_card(self, kpi)}
        query = self.here().partition("?")[2]
        url = self.url("figures_live")
        return {"label": kpi.label, "url": f"{url}?{query}" if query else url, "plain_url": self.here(live="1")}


class Live(_Chosen):
    """The figures that are worked out from the orders themselves, as a part of the panel."""

    name, template = "figures-live", "analytics/parts/live.html"
    title = gettext_lazy("Figures")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer with the cards alone."""
        try:
            self.check()
        except Refused as refused:
            return render(request, self.template, {"problem": str(refused.message)})
        return render(request, self.template, {"cards": [live_card(self, kpi) for kpi in cards.LIVE]})


def live_card(page: PeriodPage, kpi: Kpi) -> dict[str, Any]:
    """Work a figure out from the records of the period, and of the days it is compared with."""
    compared: Period | None = page.choice.compared
    now = repurchase.sums(page.shop, page.period)
    was = repurchase.sums(page.shop, compared) if compared else None
    return cards.card(kpi, Read(page.period, [], now, was, {}), page.shop, opens=page.opens)
