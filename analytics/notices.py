"""Who is told of daily reports and of stock that runs out: those whom the owner chose, and whoever may change stock.

An e-mail is composed at the moment of sending, in its reader's language and with what its reader may see. It waits for
the figures of its day to be complete, but not for long.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.template import Context
from django.template.loader import get_template
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from analytics import figures, report_content, report_readers
from analytics.models import DailyReport, ReportCopy
from analytics.report_content import Report
from sellercenter.gateways import Draft
from sellercenter.models import Channel, Event, OutgoingMessage, Shop
from sellercenter.notifications import Notice, Staff, Subject
from sellercenter.outgoing import Buyers, Composed, Letter, Unreachable, Wait
from sellercenter.permissions import Perm, actor_for
from sellercenter.times import day_start, moment

# A report waits so long for figures that are still being worked out, and asks again so often.
PATIENCE, AGAIN_AFTER = timedelta(hours=1), timedelta(minutes=1)


def _days(ids: Iterable[int]) -> Mapping[int, str]:
    found = DailyReport.objects.filter(pk__in=[*ids]).values_list("pk", "day")
    return {pk: day.isoformat() for pk, day in found}


def _chosen(event: Event) -> Collection[int]:
    return event.data.get("members", ())


STAFF = Staff(
    notices=(
        Notice("report.made", Perm.FIGURES_VIEW, "chart-bar", _("The daily report is there"), to=_chosen),
        Notice("sku.running_out", Perm.STOCK_EDIT, "packages", _("Runs out before new goods can come")),
    ),
    subjects={"dailyreport": Subject(_days, "report_of")},
)
# Readers of the team and no buyers; how a message leaves is the same.
READERS = Buyers({"report.copied": Letter("report.copied", (Channel.EMAIL.value,), once=True)})


def compose(message: OutgoingMessage) -> Composed:
    """Write one person's e-mail with the report of a day.

    None for who may not see figures any more; Wait while the figures of the day are not complete, for an hour at most.
    `message` carries the database's `now`.
    """
    found = ReportCopy.objects.select_related("member__user", "member__role", "member__report_reader")
    copy = found.filter(pk=message.subject_id).first()
    if copy is None or not actor_for(copy.member).may(Perm.FIGURES_VIEW):
        return None
    shop, now, member = message.shop, message.now, copy.member  # type: ignore[attr-defined]
    member.shop = shop
    complete_at = day_start(copy.day + timedelta(days=1), shop.zone)
    if figures.as_of(shop) < complete_at and now < copy.made_at + PATIENCE:
        return Wait(now + AGAIN_AFTER)
    address = report_readers.address_of(member)
    if not address:
        return Unreachable()
    language = report_readers.language_of(member)
    with translation.override(language):
        report = report_content.of(shop, copy.day, actor=actor_for(member), now=now)
        subject, text, html = written(shop, report, trial=copy.report_id is None)
    return Draft(message.key, message.channel, address, subject, text, language, html)


def written(shop: Shop, report: Report, *, trial: bool) -> tuple[str, str, str]:
    """Return the subject, the text and the HTML of a report, in the language that is active."""
    told = _facts(shop, report, trial=trial)
    plain: Any = get_template("notices/daily_report.txt")
    # Plain text: what is escaped for HTML would be read by people as it stands.
    text = plain.template.render(Context(told, autoescape=False)).strip()
    subject, _line_end, text = text.partition("\n")
    return subject.strip(), text.strip(), get_template("notices/daily_report.html").render(told)


def _facts(shop: Shop, report: Report, *, trial: bool) -> dict[str, Any]:
    as_of = moment(report.as_of, shop.zone)
    return {
        "shop": shop.name,
        "zone": shop.time_zone,
        "day": report.day.isoformat(),
        "trial": trial,
        "report": report,
        "as_of": as_of.full if as_of else "",
        "site": settings.SITE_URL,
        "report_url": f"{reverse('report', args=[shop.code])}?day={report.day.isoformat()}",
        "forecast_url": f"{reverse('forecast', args=[shop.code])}?show=alerts",
        "waiting_url": reverse("home", args=[shop.code]),
        "settings_url": reverse("report_settings", args=[shop.code]),
    }
