"""The forecast: orders of the next two weeks with the error of the method, and when the stock of each SKU ends."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import DateTimeField, Exists, OuterRef, QuerySet, Subquery
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics import figures, forecasts, periods, report_content, stock_out
from analytics.charts import Chart, Series, Tone, shown_table
from analytics.forecasts import Forecast
from analytics.models import FigureSetting, StockAlert
from analytics.periods import Period
from analytics.stock_out import Outlook, Sales
from analytics.views.downloads import FiguresPage
from orders.models import Sku
from orders.stock_tables import name_of
from orders.views.home import Board, Counter
from sellercenter.lifecycle import Refused
from sellercenter.models import Member, Shop
from sellercenter.pages import ShopPage
from sellercenter.permissions import Perm
from sellercenter.sheets import Column, Kind, Sheet

# So many past days stand before the forecast, and so many SKUs on the page; the files have all of them.
SHOWN_DAYS, SHOWN_SKUS = 28, 60
_ALERTS = "alerts"
_BADGES = {"out": "late", "late": "late", "soon": "soon", "enough": "completed", "idle": "none"}
_ALERT = StockAlert.objects.filter(sku=OuterRef("pk"))
_NAMED = Sku.objects.select_related("product").annotate(
    told_at=Subquery(_ALERT.values("told_at"), output_field=DateTimeField())
)


class ChosenPage(ShopPage):
    """A page that knows what the shop chose for its figures, by the query that finds the person."""

    abstract = True

    def member_query(self) -> QuerySet[Member]:
        """Bring along what the shop chose."""
        return super().member_query().select_related("shop__figure_setting")

    @cached_property
    def chosen(self) -> FigureSetting:
        """What the shop chose, or what holds as long as it chose nothing."""
        found: FigureSetting | None = getattr(self.shop, "figure_setting", None)
        return found or FigureSetting(shop=self.shop)


class ForecastPage(ChosenPage, FiguresPage):
    """What is to be expected: orders by day, and the end of stocks."""

    permission = Perm.FIGURES_VIEW
    name, template = "forecast", "analytics/forecast.html"
    title = gettext_lazy("Forecast")
    help = gettext_lazy("Worked out from the shop's own past. Holidays and campaigns are not known to it.")

    def check(self) -> None:
        """Refuse what is not shown here."""
        if self.request.GET.get("show", "") not in ("", _ALERTS):
            raise Refused(_("There is nothing of this name to show. Open the forecast again."), "bad_show")

    def figures(self) -> dict[str, Any]:
        """Return what the template shows."""
        return {
            "forecast": self._forecast(self.forecast) if self.forecast else None,
            "missing": self._missing(),
            "stock": self._stock(),
            "page": {"actions": self._actions()},
        }

    def tables(self) -> dict[str, Sheet]:
        """Return the days, the methods, and every SKU."""
        found = {"stock": self._sheet(self._outlooks(), self._skus(None))}
        if self.forecast:
            found |= {"orders": self._chart(self.forecast).sheet(self.shop), "methods": self._methods(self.forecast)}
        return found

    @cached_property
    def today(self) -> date:
        """The day of the shop."""
        return periods.today(self.shop, self.now)

    @cached_property
    def past(self) -> list[tuple[date, int]]:
        """The orders of each whole day of the last half year."""
        days = Period(self.today - timedelta(days=forecasts.MOST_DAYS), self.today - timedelta(days=1))
        return [(day, int(sums["placed"])) for day, sums in figures.series(self.shop, days)]

    @cached_property
    def forecast(self) -> Forecast | None:
        """The days ahead, or None as long as the past is too short."""
        return forecasts.forecast(self.past[0][0], [count for _day, count in self.past])

    def _missing(self) -> str:
        if self.forecast:
            return ""
        days = forecasts.missing_days([count for _day, count in self.past])
        if not days:
            return _("There were no orders in the last half year, so there is nothing to go by.")
        told = ngettext("another day", "another %(n)s days", days) % {"n": days}
        return _("A forecast needs six weeks of orders. Come back in %(days)s.") % {"days": told}

    def _forecast(self, found: Forecast) -> dict[str, Any]:
        best = found.best
        cards = [
            (_("Orders in the next 14 days"), _count(found.total), _("the sum of what is expected by day")),
            (_("Error as a share (MAPE)"), _percent(best.mape), _("mean over the days with orders")),
            (
                _("Error against last week (MASE)"),
                _number(best.mase),
                _("1 is what repeating the week before missed by in the past"),
            ),
            (_("Orders a day missed"), _number(best.mae), _("mean of all days of the backtest")),
        ]
        return {
            "chart": self.prepared(self._chart(found)),
            "cards": [{"label": label, "value": value, "help": words} for label, value, words in cards],
            "method": best.method.words,
            "trials": found.trials,
            "days": found.days,
            "methods": shown_table(self._methods(found)),
            "method_links": self.links("methods"),
        }

    def _chart(self, found: Forecast) -> Chart:
        past, none = self.past[-SHOWN_DAYS:], [None] * min(SHOWN_DAYS, len(self.past))
        lows, highs = ([_tenths(getattr(point, end)) for point in found.points] for end in ("low", "high"))
        ahead = [None] * len(found.points)
        return Chart(
            code="orders",
            title=_("Orders a day"),
            kind="line",
            labels=[*(day for day, _count in past), *(point.day for point in found.points)],
            series=[
                Series(_("Orders placed"), [*(count for _day, count in past), *ahead], Tone.PLACED),
                Series(
                    _("Expected"),
                    [*none, *(_tenths(point.expected) for point in found.points)],
                    Tone.PLACED,
                    dashed=True,
                ),
                Series(_("Nine of ten days of the backtest"), [*none, *lows], Tone.BEFORE, highs=[*none, *highs]),
            ],
            help=_("By %(method)s.") % {"method": found.best.method.words},
            marks=[(len(past), _("Today"))],
        )

    def _methods(self, found: Forecast) -> Sheet:
        columns = [
            *(Column(_("Method")), Column(_("MASE"))),
            *(Column(_("MAPE"), Kind.RATIO), Column(_("Orders a day missed"), Kind.COUNT)),
        ]
        rows = [
            (one.method.words, _number(one.mase), None if one.mape is None else _exact(one.mape), _tenths(one.mae))
            for one in found.scores
        ]
        return Sheet(_("How the methods did"), columns, rows, self.shop.currency, self.shop.zone)

    @cached_property
    def _sales(self) -> Sales:
        return stock_out.sales_of(self.shop, now=self.now)

    def _outlooks(self) -> list[Outlook]:
        return stock_out.outlooks(self.shop, self._sales, now=self.now, lead_days=self.chosen.lead_days)

    def _skus(self, keys: list[int] | None) -> dict[int, Any]:
        """Return SKUs with the time of their warning: these, or all that are counted."""
        named = _NAMED.for_shop(self.shop)
        return {one.pk: one for one in (named.filter(tracked=True) if keys is None else named.filter(pk__in=keys))}

    def _stock(self) -> dict[str, Any]:
        every = self._outlooks()
        if self._only_alerts:
            warned = {one.pk: one for one in _NAMED.for_shop(self.shop).filter(Exists(_ALERT))}
            shown = [one for one in every if one.sku in warned]
            skus: dict[int, Any] = warned
        else:
            shown = every
            skus = self._skus([one.sku for one in shown[:SHOWN_SKUS]])
        missed = stock_out.missed_share(self._sales.units.values(), self._sales.until)
        return {
            "rows": [self._row(one, skus[one.sku]) for one in shown[:SHOWN_SKUS] if one.sku in skus],
            "more": max(0, len(shown) - SHOWN_SKUS),
            "links": self.links("stock"),
            "help": self._lead_said(),
            "missed": _percent(missed) if missed is not None else "",
            "pills": [
                {"label": _("All counted SKUs"), "url": self.here(show=None), "active": not self._only_alerts},
                {"label": _("Warned of"), "url": self.here(show=_ALERTS), "active": self._only_alerts},
            ],
        }

    @property
    def _only_alerts(self) -> bool:
        return self.request.GET.get("show") == _ALERTS

    def _lead_said(self) -> str:
        days = self.chosen.lead_days
        return ngettext("New goods take %(n)s day.", "New goods take %(n)s days.", days) % {"n": days}

    def _row(self, one: Outlook, sku: Any) -> dict[str, Any]:
        return {
            "name": name_of(sku),
            "url": self.url("stock_detail", sku.pk),
            "product": sku.product.title,
            "variant": sku.variant,
            "available": _count(one.available),
            "per_day": _number(one.per_day),
            "day": _day(one.runs_out_on),
            "between": _between(one),
            "badge": {"code": _BADGES[one.level], "label": stock_out.LEVELS[one.level]},
            "warned": bool(sku.told_at),
        }

    def _sheet(self, outlooks: list[Outlook], skus: dict[int, Any]) -> Sheet:
        dates = [(_("Runs out"), "runs_out_on"), (_("At the earliest"), "earliest"), (_("At the latest"), "latest")]
        columns = [
            *(Column(_("SKU")), Column(_("Product")), Column(_("Variant")), Column(_("Available"), Kind.COUNT)),
            Column(_("Units a day"), Kind.COUNT),
            *(Column(label, Kind.DATE) for label, _field in dates),
            Column(_("State")),
        ]
        rows = [
            (
                *(name_of(sku), sku.product.title, sku.variant, one.available, _tenths(one.per_day)),
                *(getattr(one, field) for _label, field in dates),
                stock_out.LEVELS[one.level],
            )
            for one in outlooks
            if (sku := skus.get(one.sku))
        ]
        return Sheet(_("End of stock"), columns, rows, self.shop.currency, self.shop.zone)

    def _actions(self) -> list[dict[str, str]]:
        if not self.actor.may(Perm.POLICIES_EDIT):
            return []
        return [{"label": _("Days until new goods come"), "url": self.url("report_settings"), "icon": "settings"}]


def _count(value: float) -> str:
    return number_format(round(value), force_grouping=True)


def _exact(value: float) -> Decimal:
    return Decimal(f"{value:.4f}")


def _tenths(value: float) -> Decimal:
    return Decimal(f"{value:.1f}")


def _number(value: float | None) -> str:
    return "—" if value is None else number_format(Decimal(f"{value:.2f}"), 2, force_grouping=True)


def _percent(value: float | None) -> str:
    return "—" if value is None else f"{number_format(Decimal(f'{value * 100:.1f}'), 1)} %"


def _day(day: date | None) -> str:
    if day is None:
        return _("later than in half a year")
    return day.isoformat()


def _between(one: Outlook) -> str:
    """Write the days between which the stock ends, short where both are known."""
    if one.earliest == one.latest or one.earliest is None:
        return ""
    last = f"{one.latest:%m-%d}" if one.latest else _day(None)
    return _("%(first)s to %(last)s") % {"first": f"{one.earliest:%m-%d}", "last": last}


def _alerts(shop: Shop) -> QuerySet:
    return report_content.standing_alerts(shop)


def _lead(shop: Shop) -> str:
    return _("Each was told once to whoever may change stock.")


BOARD = Board(
    gettext_lazy("Forecast"),
    (
        Counter(
            *(gettext_lazy("Run out before new goods come"), f"show={_ALERTS}", "packages", "late", _lead),
            page=ForecastPage,
            listed=_alerts,
            url_name="forecast",
        ),
    ),
)
