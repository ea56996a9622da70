"""Where orders wait: the steps with what waits there now, how long shipping and delivery take, and who did what."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from analytics import deeds, figures, waiting
from analytics.charts import Bar, Bars, Tone, shown_table
from analytics.deeds import BY_CODE, Deed, Done
from analytics.durations import Durations, middle
from analytics.views.downloads import PeriodPage
from analytics.waiting import Waiting
from orders.models import Order
from sellercenter import money
from sellercenter.counts import CAP
from sellercenter.lifecycle import Refused
from sellercenter.permissions import Perm
from sellercenter.privacy import mask_name
from sellercenter.sheets import Column, Kind, Sheet
from sellercenter.texts import Text
from sellercenter.times import day_start

_H, _D = 3600, 86400
# The ends of the bars of a length of time, in seconds.
_ENDS = {
    "ship": (6 * _H, 12 * _H, _D, 2 * _D, 3 * _D, 5 * _D),
    "transit": (_D, 2 * _D, 3 * _D, 5 * _D, 7 * _D, 10 * _D),
}
_SPANS: dict[str, tuple[Text, Text, Tone]] = {
    "ship": (
        gettext_lazy("From payment to shipping"),
        gettext_lazy("Orders by when they were shipped."),
        Tone.SHIPPED,
    ),
    "transit": (
        gettext_lazy("From shipping to delivery"),
        gettext_lazy("Orders by when they were delivered."),
        Tone.DELIVERED,
    ),
}


class WaitingPage(PeriodPage):
    """What waits now, step by step; how long things took in the period, by carrier; and what each person did."""

    permission = Perm.FIGURES_VIEW
    name, template = "waiting", "analytics/waiting.html"
    compares = False
    title = gettext_lazy("Where orders wait")
    help = gettext_lazy("What waits is told of this moment; times and people are told of the period.")

    def check(self) -> None:
        """Raise Refused when the address names no period, or a deed that nobody does."""
        super().check()
        if self.request.GET.get("deed", "") not in ("", *BY_CODE) or not _is_key(self._person):
            raise Refused(_("There is no such person or deed. Choose one of the table."), "bad_deed")

    def figures(self) -> dict[str, Any]:
        """Return the steps, the lengths of time, and the people; or what one person did, one by one."""
        people = self.part("people", self._people(), self._people_urls(), empty=not self._done, note=self._cut())
        if self._deed:
            everything = self.here(person="", deed="")
            return {"people": people, "deeds": self.part("deeds", self._deeds(), self._deed_urls()), "back": everything}
        now = self.part("now", self._now(), self._step_urls(), help=_("Ages by the nearest rank. Samples wait too."))
        for at, one in enumerate(self._steps):
            if one.capped:
                now["table"]["rows"][at]["cells"][0]["text"] = money.capped(one.count, CAP)
        spans = [self.prepared(one) for one in self._bars]
        return {"now": now, "spans": spans, "carriers": self.part("carriers", self._carriers()), "people": people}

    def tables(self) -> dict[str, Sheet]:
        """Return every table of the page."""
        told = {"now": self._now(), "carriers": self._carriers(), "people": self._people()}
        told |= {one.code: one.sheet(self.shop) for one in self._bars}
        return told | ({"deeds": self._deeds()} if self._deed else {})

    def part(
        self, code: str, sheet: Sheet, urls: dict[tuple[int, int], str] | None = None, **more: Any
    ) -> dict[str, Any]:
        """Prepare one table for `analytics/parts/sheet.html`."""
        shown = {"code": code, "title": sheet.title, "links": self.links(code), "table": shown_table(sheet, urls=urls)}
        return shown | more

    @cached_property
    def _edges(self) -> dict[str, datetime]:
        first, last = self.period.first, self.period.last
        return {
            "start": day_start(first, self.shop.zone),
            "end": day_start(last + timedelta(days=1), self.shop.zone),
        }

    # --- what waits now ---

    @cached_property
    def _steps(self) -> list[Waiting]:
        return waiting.steps_now(self.shop, now=self.now)

    def _now(self) -> Sheet:
        columns = [
            Column(_("Step")),
            Column(pgettext("how many", "Waiting"), Kind.COUNT),
            Column(_("Overdue"), Kind.COUNT),
        ]
        columns += [Column(head, Kind.SECONDS) for head in (_("Oldest"), _("Half at most"), _("90 % at most"))]
        rows = [
            [one.step.label, min(one.count, CAP), one.late if one.step.late else None, *_ages(one)]
            for one in self._steps
        ]
        return Sheet(_("What waits now"), columns, rows, self.shop.currency, self.shop.zone)

    def _step_urls(self) -> dict[tuple[int, int], str]:
        found: dict[tuple[int, int], str] = {}
        for at, one in enumerate(self._steps):
            if self.actor.may(one.step.permission):
                address = f"{self.url(one.step.place)}?{one.step.query}"
                found |= {(at, 1): address} if one.count else {}
                found |= {(at, 2): f"{address}&due=overdue"} if one.late else {}
        return found

    # --- how long it takes ---

    @cached_property
    def _durations(self) -> dict[tuple[str, str], Durations]:
        return figures.every_duration(self.shop, self.period, tuple(_SPANS), dimension="carrier", whole=True)

    @cached_property
    def _bars(self) -> list[Bars]:
        found = []
        for span, (title, help_, tone) in _SPANS.items():
            counts = _binned(self._durations.get((span, ""), Durations({})), _ENDS[span])
            rows = [Bar(label, [n]) for label, n in zip(_bins(_ENDS[span]), counts, strict=True)]
            found.append(Bars(span, title, _("Took"), [(_("Orders"), tone)], rows, help=help_))
        return found

    def _carriers(self) -> Sheet:
        told, counts = self._durations, Counter[str]()
        for (_span, key), one in told.items():
            counts[key] += one.n
        keys = sorted(filter(None, counts), key=lambda key: (-counts[key], key))
        columns = [Column(_("Carrier"))]
        for words in (_("Shipped"), _("Delivered")):
            columns += [Column(words, Kind.COUNT), Column(_("Half within"), Kind.SECONDS)]
            columns += [Column(_("90 % within"), Kind.SECONDS)]
        rows = [[key, *_times(told, key)] for key in keys]
        rows.append([_("All orders"), *_times(told, "")])
        return Sheet(_("Times by carrier"), columns, rows, self.shop.currency, self.shop.zone)

    # --- who did what ---

    @cached_property
    def _by_person(self) -> tuple[list[Done], bool]:
        return deeds.by_person(self.shop, **self._edges)

    @property
    def _done(self) -> list[Done]:
        return self._by_person[0]

    def _cut(self) -> str:
        """Say that not everything was looked at, when that is so."""
        return _("The newest %(n)s deeds of the period count.") % {"n": f"{deeds.CAP:,}"} if self._by_person[1] else ""

    def _people(self) -> Sheet:
        columns = [Column(_("Person")), Column(_("What")), Column(_("How often"), Kind.COUNT)]
        columns += [Column(_("Half took at most"), Kind.SECONDS)]
        rows = [[one.person, one.deed.label, one.count, _seconds(one.median)] for one in self._done]
        return Sheet(_("Who did what"), columns, rows, self.shop.currency, self.shop.zone)

    def _people_urls(self) -> dict[tuple[int, int], str]:
        return {
            (at, 2): self.here(person=str(one.member_id), deed=one.deed.code) + "#about-deeds"
            for at, one in enumerate(self._done)
        }

    @property
    def _person(self) -> str:
        return self.request.GET.get("person") or "0"

    @cached_property
    def _deed(self) -> Deed | None:
        """The deed of one person that is listed one by one."""
        return BY_CODE.get(self.request.GET.get("deed", "")) if self.request.GET.get("person") else None

    @cached_property
    def _told(self) -> list[deeds.Told]:
        assert self._deed
        return deeds.listed(self.shop, self._deed, int(self._person), **self._edges)

    def _deeds(self) -> Sheet:
        assert self._deed
        person = next((one.person for one in self._done if str(one.member_id) == self._person), "")
        columns = [Column(_("Record")), Column(_("Time"), Kind.TIME)]
        # Who may see figures may not always see buyers, and a file goes further than a page.
        shown = mask_name if self._deed.named == "buyer_nickname" else str
        rows = [[shown(one.name) or _("Not known"), one.at] for one in self._told]
        title = f"{self._deed.label} – {person}"
        return Sheet(title, columns, rows, self.shop.currency, self.shop.zone)

    def _deed_urls(self) -> dict[tuple[int, int], str]:
        assert self._deed
        needed = Perm.ORDERS_VIEW if self._deed.model is Order else Perm.AFTERSALES_VIEW
        if not self.actor.may(needed):
            return {}
        return {(at, 0): self.url(self._deed.url_name, one.record) for at, one in enumerate(self._told)}


def _is_key(text: str) -> bool:
    return text.isdecimal() and len(text) <= 18


def _ages(one: Waiting) -> list[int | None]:
    return [_seconds(age) for age in (one.oldest, one.median, one.p90)]


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())


def _times(told: dict[tuple[str, str], Durations], key: str) -> list[int | None]:
    """Return how many there were of each span, and what half and nine in ten of them took at most."""
    found = [told.get((span, key), Durations({})) for span in _SPANS]
    return [value for one in found for value in (one.n, one.percentile(0.5), one.percentile(0.9))]


def _binned(told: Durations, ends: tuple[int, ...]) -> list[int]:
    """Count durations between the ends, those after the last one too; within 1 % of an end one may fall beside it."""
    counts = [0] * (len(ends) + 1)
    for bucket, n in told.counts.items():
        counts[sum(middle(bucket) >= end for end in ends)] += n
    return counts


def _bins(ends: tuple[int, ...]) -> list[str]:
    """Name the bars: hours up to a day, days beyond."""
    first, last = ends[0], ends[-1]
    under = _("under %(n)d h") % {"n": first // _H} if first < _D else _("under %(n)d d") % {"n": first // _D}
    between = [_between(low, high) for low, high in pairwise(ends)]
    return [under, *between, _("%(n)d d and more") % {"n": last // _D}]


def _between(low: int, high: int) -> str:
    if low < _D:
        return _("%(low)d–%(high)d h") % {"low": low // _H, "high": high // _H}
    return _("%(low)d–%(high)d d") % {"low": low // _D, "high": high // _D}
