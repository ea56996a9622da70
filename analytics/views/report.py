"""The daily report: of any day, a trial to oneself, and what the owner chooses about it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from analytics import periods, report_content, report_readers, reports
from analytics.models import DailyReport
from analytics.report_content import Report
from analytics.report_forms import SettingForm
from analytics.views.downloads import FiguresPage
from analytics.views.forecast import ChosenPage
from sellercenter import sheets
from sellercenter.lifecycle import Refused
from sellercenter.locks import too_busy
from sellercenter.models import Member, Role, Shop
from sellercenter.pages import ActPage, Text
from sellercenter.permissions import Perm
from sellercenter.sheets import Column, Sheet
from sellercenter.times import moment


def asked_day(text: str, today: date) -> date:
    """Read a day that is over, yesterday when none is named; raises Refused for any other."""
    if not text:
        return today - timedelta(days=1)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused(_("“%s” is no day. Write it as 2026-11-22.") % text[:40], "bad_day") from None
    if not date(2000, 1, 1) <= day < today:
        raise Refused(_("A report tells of a day that is over. Choose an earlier one."), "bad_day")
    return day


class ReportPage(ChosenPage, FiguresPage):
    """The report of the day that the address names, as the e-mail has it; what waits is of this moment."""

    permission = Perm.FIGURES_VIEW
    name, template = "report", "analytics/report.html"
    title = gettext_lazy("Daily report")

    def check(self) -> None:
        """Refuse a day that is not over."""
        self.day  # noqa: B018 - reads the address now

    @cached_property
    def day(self) -> date:
        """The day that is told of."""
        return asked_day(self.request.GET.get("day", ""), periods.today(self.shop, self.now))

    @cached_property
    def report(self) -> Report:
        """What is told of it to this person."""
        return report_content.of(self.shop, self.day, actor=self.actor, now=self.now)

    def figures(self) -> dict[str, Any]:
        """Return what the template shows."""
        today, day = periods.today(self.shop, self.now), self.day
        after = day + timedelta(days=1)
        return {
            "report": self.report,
            "day": day.isoformat(),
            "latest": (today - timedelta(days=1)).isoformat(),
            "said": day.isoformat(),
            "before_url": self._of(day - timedelta(days=1)),
            "after_url": self._of(after) if after < today else "",
            "as_of": moment(self.report.as_of, self.setting.zone, this_year=self.setting.year),
            "links": self.links("figures"),
            "alerts_url": f"{self.url('forecast')}?show=alerts",
            "trial_url": self.url("report_trial"),
            "page": {"help": self._next_said(), "actions": self._actions()},
        }

    def tables(self) -> dict[str, Sheet]:
        """Return the figures of the day."""
        heads = [
            _("Figure"),
            _("Day"),
            _("Day before"),
            pgettext("figures", "Change"),
            _("Mean of 7 days"),
            pgettext("figures", "Change"),
        ]
        rows = [
            (
                *(line.label, line.value, line.before, line.before_change.text if line.before_change else None),
                *(line.mean, line.mean_change.text if line.mean_change else None),
            )
            for line in self.report.lines
        ]
        title = _("Report of %s") % self.day.isoformat()
        return {"figures": Sheet(title, [Column(head) for head in heads], rows, self.shop.currency, self.shop.zone)}

    def notes(self) -> list[tuple[str, str]]:
        """Return what stands above a downloaded table, with the day."""
        shop, *rest = super().notes()
        return [shop, (_("Day"), f"{self.day.isoformat()} ({self.shop.zone.key})"), *rest]

    def _of(self, day: date) -> str:
        return f"{self.url('report')}?day={day.isoformat()}"

    def _next_said(self) -> str:
        at = report_readers.next_at(self.chosen, self.now)
        if at is None:
            return _("It is sent to nobody yet; the owner chooses when it comes and to whom.")
        return _("The next one comes on %s.") % sheets.moment(at, self.shop.zone)

    def _actions(self) -> list[dict[str, str]]:
        if not self.actor.may(Perm.POLICIES_EDIT):
            return []
        return [{"label": _("When and to whom"), "url": self.url("report_settings"), "icon": "settings"}]


class ReportOf(ReportPage):
    """The report that a notice tells of."""

    permission = Perm.FIGURES_VIEW

    @cached_property
    def day(self) -> date:
        """The day of the report that the address names, or 404."""
        found = DailyReport.objects.for_shop(self.shop).filter(pk=self.kwargs["pk"]).values_list("day", flat=True)
        day = found.first()
        if day is None:
            raise Http404("no such report")
        return day

    def get(self, request: HttpRequest, pk: int = 0) -> HttpResponse:
        """Answer with the page, or with its table as a file."""
        return super().get(request)


class ReportTrial(ActPage):
    """Send oneself the report of yesterday."""

    permission = Perm.FIGURES_VIEW

    def find(self, **kwargs: Any) -> Member:
        """It is about oneself."""
        return Member.objects.select_related("user", "role", "shop__policy", "report_reader").get(pk=self.member.pk)

    def act(self, record: Member, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        day = periods.today(self.shop, self.now) - timedelta(days=1)
        address = reports.send_trial(record, day=day, by=self.actor)
        return _("The report of yesterday is on its way to %s.") % address

    def after(self, record: Member) -> str:
        """Go back to the report."""
        return self.url("report")


class ReportSettings(ChosenPage):
    """When the daily report comes and to whom, and how many days new goods take."""

    permission = Perm.POLICIES_EDIT
    title, template = gettext_lazy("Report and forecast"), "analytics/report_settings.html"
    help = gettext_lazy("When the daily report comes, who gets it, and when you are warned of stock that runs out.")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show what is chosen."""
        return self._answer(self._form(None))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep what was chosen, or show what is wrong with it."""
        form = self._form(request.POST)
        if not form.is_valid():
            return self._answer(form, status=422)
        try:
            event = reports.change(self.shop, values=form.values(), readers=form.readers(), by=self.actor)
        except OperationalError as error:
            if not too_busy(error):
                raise
            form.add_error(None, _("Somebody else is changing this at the very moment. Try again."))
            return self._answer(form, status=422)
        messages.success(request, self._said() if event else _("Nothing was different, so nothing changed."))
        return HttpResponseRedirect(self.url("report_settings"))

    def _form(self, data: Any) -> SettingForm:
        roles = [role for role in Role.objects.for_shop(self.shop) if Perm.FIGURES_VIEW.value in role.perms]
        return SettingForm(data, setting=self.chosen, roles=roles, team=report_readers.candidates(self.shop))

    def _said(self) -> str:
        at = report_readers.next_at(report_readers.setting_of(Shop.objects.get(pk=self.shop.pk)), self.now)
        if at is None:
            return _("Saved. No daily report is sent.")
        return _("Saved. The next report comes on %s.") % sheets.moment(at, self.shop.zone)

    def _answer(self, form: SettingForm, *, status: int = 200) -> HttpResponse:
        crumbs = [{"label": _("Daily report"), "url": self.url("report")}, {"label": self.title, "url": ""}]
        readers = [
            {"name": one.label, "email": email, "language": language} for one, email, language in form.reader_fields()
        ]
        return self.show(
            status=status,
            form=form,
            fields=form.main_fields(),
            readers=readers,
            cancel_url=self.url("report"),
            page={"breadcrumbs": crumbs},
        )
