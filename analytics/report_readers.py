"""Who reads the daily report, when it is due, where it goes and in which language."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet

from analytics.models import FigureSetting, ReportReader
from orders import notices
from sellercenter.models import Member, Shop
from sellercenter.permissions import Perm, actor_for
from sellercenter.times import hour_start


def setting_of(shop: Shop) -> FigureSetting:
    """Return what a shop chose, or what holds as long as it chose nothing, not saved."""
    return FigureSetting.objects.for_shop(shop).first() or FigureSetting(shop=shop)


def owed_day(setting: FigureSetting, now: datetime) -> date | None:
    """Return the day of which a report is owed now, which is yesterday from the chosen hour on, or None."""
    if setting.hour is None:
        return None
    today = now.astimezone(setting.shop.zone).date()
    at = hour_start(today, setting.hour, setting.shop.zone)
    late_enough = at <= now and (setting.since is None or setting.since <= at)
    return today - timedelta(days=1) if late_enough else None


def next_at(setting: FigureSetting, now: datetime) -> datetime | None:
    """Return when the next report comes that is still to come."""
    if setting.hour is None:
        return None
    today = now.astimezone(setting.shop.zone).date()
    zone = setting.shop.zone
    coming = (hour_start(today + timedelta(days=ahead), setting.hour, zone) for ahead in range(3))
    return next(at for at in coming if at > now)


def candidates(shop: Shop) -> list[Member]:
    """Return everybody of the team who may see figures, with what was chosen for them."""
    team = _with_all(Member.objects.for_shop(shop).active())
    return [member for member in team if actor_for(member).may(Perm.FIGURES_VIEW)]


def recipients(setting: FigureSetting) -> list[Member]:
    """Return who gets the shop's report: of the chosen roles, those who may see figures at this moment."""
    chosen = Q(role__in=setting.roles) | (Q(owner=True) if setting.to_owner else Q(pk__in=[]))
    team = _with_all(Member.objects.for_shop(setting.shop).active().filter(chosen))
    return [member for member in team if actor_for(member).may(Perm.FIGURES_VIEW)]


def _with_all(members: QuerySet[Member]) -> QuerySet[Member]:
    return members.select_related("user", "role", "shop__policy", "report_reader")


def reader_of(member: Member) -> ReportReader:
    """Return what was chosen for a member, or nothing chosen, not saved."""
    return getattr(member, "report_reader", None) or ReportReader(shop_id=member.shop_id, member=member)


def address_of(member: Member) -> str:
    """Return where a member's reports go, or nothing."""
    return reader_of(member).email or member.user.email


def language_of(member: Member) -> str:
    """Return the language of a member's reports: the chosen one, else the account's, else the shop's own."""
    return reader_of(member).language or member.user.language or notices.language_of(member.shop)
