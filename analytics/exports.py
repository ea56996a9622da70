"""What can be exported of figures: a row for each day with a column for each figure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import DecimalField, F, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils.translation import gettext_lazy as _

from analytics.cards import DAILY
from analytics.kpis import Kpi, Unit
from analytics.models import DayFigure, Grain
from sellercenter.columns import Column as Shown
from sellercenter.columns import ListTable
from sellercenter.exports import Column, Layout, Source
from sellercenter.filters import Edge, Finder, ListFilter, Range, Text
from sellercenter.keyset import Sort
from sellercenter.models import Shop
from sellercenter.permissions import Perm
from sellercenter.sheets import Kind as As

_KINDS = {Unit.COUNT: As.COUNT, Unit.MONEY: As.MONEY, Unit.RATIO: As.RATIO, Unit.SECONDS: As.SECONDS}


class DayEdge(Edge):
    """One end of a range of days, of rows that are days."""

    def filter(self, qs: QuerySet, value: date | datetime | None) -> QuerySet:
        """Keep the days on the right side of the edge."""
        day = value.date() if isinstance(value, datetime) else value
        return qs if day is None else qs.filter(**{f"day__{'lte' if self.upper else 'gte'}": day})


class DayFilter(ListFilter):
    """Which days are meant."""

    q = Text(label=_("Day"), method="unsearched")
    day_from = DayEdge(field_name="day")
    day_to = DayEdge(field_name="day", upper=True)

    main = ("day_range",)
    ranges = {"day_range": Range(_("Days"), "day_from", "day_to")}

    class Meta:
        model = DayFigure
        fields: list[str] = []

    def unsearched(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Find nothing: days are chosen by their range."""
        return queryset.none()


class DayTable(ListTable):
    """The one order in which days are listed."""

    day = Shown(_("Day"), "day", sort="day", required=True)

    sorts = {"day": Sort("day", type=date)}
    default_sort = "day"


def days(shop: Shop) -> QuerySet[DayFigure]:
    """Return the figures of the whole shop, a row for each day on which anything happened."""
    return DayFigure.objects.for_shop(shop).filter(grain=Grain.DAY, dimension="")


def _sum(name: str) -> Coalesce:
    """Return the expression of a sum of one day, 0 where there is nothing."""
    field: Any = DayFigure._meta.get_field(name)
    return Coalesce(F(name), Value(0), output_field=field)


def _value(kpi: Kpi) -> Any:
    """Return the expression of a figure of one day, as `Kpi.value` works it out; nothing for a share of nothing."""
    if not kpi.denominator:
        return _sum(kpi.numerator)
    exact = DecimalField(max_digits=30, decimal_places=12)
    return Cast(_sum(kpi.numerator), exact) / NullIf(Cast(_sum(kpi.denominator), exact), Value(0, exact))


FIGURES = Source(
    code="figures",
    label=_("Figures by day"),
    permission=Perm.FIGURES_VIEW,
    url_name="figures",
    filterset_class=DayFilter,
    table_class=DayTable,
    tabs=(),
    matching=Finder(
        *(DayFilter, (), days),
        again=_("These filters make no sense any more. Choose the days again."),
    ),
    layouts=(
        Layout(
            "days",
            _("A row for each day"),
            columns=(
                Column("day", _("Day"), "day", As.DATE, required=True),
                *(Column(one.code, one.label, _value(one), _KINDS[one.unit]) for one in DAILY),
            ),
            help=_("Shares and means can't be added up over days. A day on which nothing happened has no row."),
        ),
    ),
    time="day",
    spans=frozenset({"day_from"}),
    single=frozenset({"q"}),
)

SOURCES = [FIGURES]
