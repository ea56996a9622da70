"""What all pages of figures share: the period of the address, and each of their tables as CSV or as a workbook."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Protocol

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from analytics import drills, figures, periods
from analytics.periods import Choice, Period
from sellercenter import events, sheets
from sellercenter.lifecycle import Refused
from sellercenter.pages import ShopPage
from sellercenter.permissions import Perm
from sellercenter.sheets import Sheet

FORMS = {
    "csv": ("CSV", sheets.CSV_TYPE, sheets.as_csv),
    "xlsx": ("Excel", sheets.XLSX_TYPE, sheets.as_xlsx),
}
# What an address says about a download and not about the page.
_ASKED = ("download", "table")
_PICKED = (*_ASKED, "period", "from", "to")


class Shown(Protocol):
    """A chart, a funnel, a heat map or rows of bars."""

    @property
    def code(self) -> str:
        """The name of its table in addresses."""

    def sheet(self, shop: Any) -> Sheet:
        """Return its table."""

    def shown(self, shop: Any, *, links: dict[str, str] | None = None) -> dict[str, Any]:
        """Return what its template shows."""


class FiguresPage(ShopPage):
    """A page of figures. Subclasses say what `figures` it shows and which `tables` can be downloaded.

    `name` begins the names of downloaded files. What makes no sense in the address is said, and nothing is shown.
    """

    abstract = True
    permission = Perm.FIGURES_VIEW
    name: ClassVar[str] = ""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer with the page, or with one of its tables as a file."""
        try:
            self.check()
        except Refused as refused:
            return self.show(problem=str(refused.message))
        return self.download() if "download" in request.GET else self.show(**self.figures())

    def check(self) -> None:
        """Raise Refused when the address makes no sense."""

    def figures(self) -> dict[str, Any]:
        """Return what the template shows."""
        raise NotImplementedError

    def tables(self) -> dict[str, Sheet]:
        """Return every table of the page by the code that names it in addresses."""
        raise NotImplementedError

    def opens(self, measure: str) -> bool:
        """Say whether the person may open the list behind a measure."""
        return drills.opens(self.actor, measure)

    def prepared(self, figure: Shown) -> dict[str, Any]:
        """Return the context of a figure's template, with the links to its downloads."""
        return figure.shown(self.shop, links=self.links(figure.code))

    def links(self, table: str) -> dict[str, str]:
        """Return the addresses of a table's downloads by what they are called; nothing for who may not export."""
        if not self.actor.may(Perm.EXPORTS_CREATE):
            return {}
        return {words: self.here(download=form, table=table) for form, (words, _type, _write) in FORMS.items()}

    def here(self, **put: str | None) -> str:
        """Return the address of this page with some parts put; a part that is None is left out."""
        query = self.request.GET.copy()
        for name in (*_ASKED, *put):
            query.pop(name, None)
        for name, value in put.items():
            if value is not None:
                query[name] = value
        text = query.urlencode()
        return f"{self.request.path}?{text}" if text else self.request.path

    def download(self) -> HttpResponse:
        """Answer with one table as a file and leave a line in the log; 403 without the right, 404 for no such table."""
        self.actor.require(Perm.EXPORTS_CREATE)
        form, code = self.request.GET["download"], self.request.GET.get("table", "")
        if form not in FORMS:
            raise Http404("no such form")
        sheet = self.tables().get(code)
        if sheet is None:
            raise Http404("no such table")
        _words, content_type, write = FORMS[form]
        with transaction.atomic():
            told: dict[str, Any] = {"page": self.name, "table": code, "form": form}
            events.record(self.shop, "shop.figures_downloaded", self.shop, by=self.actor, **told)
        headers = {"Content-Disposition": f'attachment; filename="{self.file_name(code)}.{form}"'}
        return HttpResponse(write(sheet, self.notes()), content_type=content_type, headers=headers)

    def file_name(self, table: str) -> str:
        """Return the name of a downloaded file without its ending."""
        return f"{self.shop.code}-{self.name}-{table}-{self.now.astimezone(self.shop.zone):%Y%m%d-%H%M}"

    def notes(self) -> list[tuple[str, str]]:
        """Return what stands above a downloaded table."""
        return [
            (_("Shop"), f"{self.shop.name} ({self.shop.code})"),
            (_("As of"), sheets.moment(self.as_of, self.shop.zone)),
            (_("Downloaded by"), f"{self.actor.label}, {sheets.moment(self.now, self.shop.zone)}"),
        ]

    @cached_property
    def as_of(self) -> datetime:
        """Until when the figures tell everything."""
        return figures.as_of(self.shop)


class PeriodPage(FiguresPage):
    """A page of figures over the days that the address names, beside other days where it `compares` them."""

    abstract = True
    compares: ClassVar[bool] = True

    def check(self) -> None:
        """Raise Refused when the address names no period."""
        self.choice  # noqa: B018 - reads the address now

    @cached_property
    def choice(self) -> Choice:
        """The period and what it is compared with."""
        return periods.choose(self.shop, self.request.GET.dict(), self.now)

    @property
    def period(self) -> Period:
        """The days that the page is about."""
        return self.choice.period

    def show(self, *, status: int = 200, **context: Any) -> HttpResponse:
        """Answer with the page and the choice of periods above it."""
        return super().show(status=status, period=self._picker("problem" not in context), **context)

    def notes(self) -> list[tuple[str, str]]:
        """Return what stands above a downloaded table, with its days."""
        shop, *rest = super().notes()
        days = _iso(self.choice.period)
        other = self.choice.compared if self.compares else None
        compared = [(_("Compared with"), _iso(other))] if other else []
        return [shop, (_("Period"), f"{days} ({self.shop.zone.key})"), *compared, *rest]

    def _picker(self, is_known: bool) -> dict[str, Any]:
        """Prepare `analytics/parts/period.html`; without a period that makes sense the usual one stands there."""
        choice = self.choice if is_known else periods.choose(self.shop, {}, self.now)
        return {
            "names": [
                {"label": label, "url": self._of(name), "active": is_known and name == choice.name}
                for name, (label, _days, _back) in periods.NAMED.items()
            ],
            "custom": choice.name == periods.CUSTOM,
            "said": _iso(choice.period),
            "first": choice.period.first.isoformat(),
            "last": choice.period.last.isoformat(),
            "comparisons": [
                {"label": label, "url": self.here(compare=name), "active": name == choice.comparison}
                for name, label in (periods.COMPARISONS.items() if self.compares else ())
            ],
            "compared_label": periods.COMPARISONS[choice.comparison],
            "compared_said": _iso(choice.compared) if choice.compared and self.compares else "",
            "unfinished": choice.period.last >= periods.today(self.shop, self.now),
            "as_of": date_format(self.as_of.astimezone(self.shop.zone), "H:i"),
            "as_of_full": sheets.moment(self.as_of, self.shop.zone),
            "kept": [{"name": name, "value": value} for name, value in self.request.GET.items() if name not in _PICKED],
        }

    def _of(self, name: str) -> str:
        return self.here(**{"period": name, "from": None, "to": None})


def _iso(period: Period) -> str:
    first, last = period.first.isoformat(), period.last.isoformat()
    return first if first == last else f"{first} – {last}"
