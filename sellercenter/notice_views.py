"""The pages of notices: the bell, what it rang for, and what was read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sellercenter import keyset, notifications
from sellercenter.keyset import Cursor, Page, Sort
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, Notification, Shop
from sellercenter.notifications import Notice
from sellercenter.pages import ActPage, ShopPage, Text
from sellercenter.permissions import Perm
from sellercenter.times import moment

PER_PAGE = 30
NEWEST = Sort("created_at", descending=True)


class NoticePage(ShopPage):
    """What the pages of notices share: everybody sees their own and nobody else's."""

    abstract = True
    permission = Perm.ORDERS_VIEW

    def own(self) -> Any:
        """Return the notices of this person in this shop."""
        return Notification.objects.for_shop(self.shop).filter(member=self.member).select_related("event")


class NoticeList(NoticePage):
    """What happened that this person should know of, newest first."""

    permission = Perm.ORDERS_VIEW
    title, template = gettext_lazy("Notices"), "sellercenter/notices.html"
    help = gettext_lazy("What needs somebody with your rights. Each notice comes once.")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show one page of notices, all of them or the unread ones."""
        unread = request.GET.get("show") == "unread"
        rows = self.own().filter(read_at=None) if unread else self.own()
        page = self._page(rows)
        return self.show(
            notices=_prepared(page.rows, self.shop, self.setting),
            newest=max((one.pk for one in page.rows), default=0),
            filters=[
                {"label": _("All"), "url": request.path, "active": not unread},
                {"label": _("Unread"), "url": f"{request.path}?show=unread", "active": unread},
            ],
            pager=self._pager(page, unread=unread),
            here=request.get_full_path(),
            read_url=self.url("notice_read"),
            read_all_url=self.url("notice_read_all") if self.member.unread else "",  # type: ignore[attr-defined]
        )

    def _page(self, rows: Any) -> Page:
        try:
            token = self.request.GET.get("after", "")
            return keyset.fetch(rows, NEWEST, PER_PAGE, Cursor.read(token, NEWEST) if token else None)
        except Refused:
            return keyset.fetch(rows, NEWEST, PER_PAGE)

    def _pager(self, page: Page, *, unread: bool) -> dict[str, str]:
        start = f"{self.request.path}?{'show=unread&' if unread else ''}"
        return {
            "first_url": start.rstrip("?&") if page.previous else "",
            "prev_url": f"{start}after={page.previous.token()}" if page.previous else "",
            "next_url": f"{start}after={page.next.token()}" if page.next else "",
            "from_text": _("%(shown)s on this page") % {"shown": len(page.rows)},
        }


class NoticeBell(NoticePage):
    """The bell alone, as htmx fetches it every half a minute."""

    permission = Perm.ORDERS_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer with the bell and the number of unread notices."""
        return render(request, "parts/bell.html", {"bell": self.bell()})


class NoticeRead(ActPage, NoticePage):
    """Count one notice as read, and open its record if asked to."""

    permission = Perm.ORDERS_VIEW

    def find(self, **kwargs: Any) -> Notification | None:
        """Return the person's own notice that the form names; one that is not theirs does not exist."""
        pk = self.request.POST.get("notice", "")
        return self.own().filter(pk=pk).first() if pk.isascii() and pk.isdecimal() and len(pk) < 19 else None

    def act(self, record: Notification | None, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        if record is None:
            raise Refused(_("There is no such notice any more."), "gone")
        notifications.mark_read(self.shop, record.pk, by=self.actor)
        return None

    def after(self, record: Notification | None) -> str:
        """Go to the record, or stay with the notices."""
        opens = record is not None and "open" in self.request.POST
        return (_link(record.event, self.shop) if opens and record else "") or self.url("notice_list")


class NoticeReadAll(ActPage, NoticePage):
    """Count everything as read that stood on the page or below."""

    permission = Perm.ORDERS_VIEW

    def find(self, **kwargs: Any) -> int:
        """Return the newest notice that was seen."""
        pk = self.request.POST.get("upto", "")
        return int(pk) if pk.isascii() and pk.isdecimal() and len(pk) < 19 else 0

    def act(self, record: int, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        read = notifications.mark_all_read(self.shop, upto=record, by=self.actor)
        return ngettext("%d notice is read.", "%d notices are read.", read) % read

    def after(self, record: int) -> str:
        """Stay with the notices."""
        return self.url("notice_list")


def _prepared(rows: Sequence[Notification], shop: Shop, at: Any) -> list[dict[str, Any]]:
    """Prepare notices for the page; the names of their records come with one query for each kind of record."""
    ids: dict[str, set[int]] = defaultdict(set)
    for one in rows:
        ids[one.event.subject_type].add(one.event.subject_id)
    names = {kind: found.names(wanted) for kind, wanted in ids.items() if (found := notifications.subject_of(kind))}
    return [
        {
            "id": one.pk,
            "icon": notice.icon if (notice := _notice(one.event.kind)) else "bell",
            "text": str(notice.words) if notice else one.event.kind,
            "name": names.get(one.event.subject_type, {}).get(one.event.subject_id, ""),
            "unread": one.read_at is None,
            "url": _link(one.event, shop),
            "at": moment(one.created_at, at.zone, this_year=at.year),
        }
        for one in rows
    ]


def _notice(kind: str) -> Notice | None:
    return next((one.by_kind[kind] for one in notifications.staff() if kind in one.by_kind), None)


def _link(event: Event, shop: Shop) -> str:
    """Return the address of the record that an event tells of, or nothing."""
    found = notifications.subject_of(event.subject_type)
    if found is None:
        return ""
    return reverse(found.url_name, args=[shop.code, event.subject_id])
