"""The first screen of each bulk action: how many orders will, how many won't and why, and its own form."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from orders import bulk
from orders.bulk import ACTIONS, BulkAction, Chosen
from orders.bulk_forms import ShipLinesForm
from orders.forms import AbnormalForm, CancelForm, FlagForm, RemindForm
from sellercenter import money
from sellercenter.lifecycle import Refused
from sellercenter.pages import ShopPage
from sellercenter.permissions import Perm

MOST = 10**9
# So many choices wait at once, for as many tabs.
MOST_KEPT = 5
_KEPT = "chosen_orders"
FORMS: dict[str, type[forms.Form]] = {
    "approve": forms.Form,
    "ship": ShipLinesForm,
    "remind": RemindForm,
    "flag": FlagForm,
    "mark": AbnormalForm,
    "cancel": CancelForm,
}


def bulk_paths(route: str) -> list[URLPattern]:
    """Return the address of each action's first screen."""
    return [
        path(f"{route}/{one.code}", OrderBulk.as_view(action=one, permission=one.permission), name=one.url_name)
        for one in ACTIONS
    ]


class OrderBulk(ShopPage):
    """One action on many orders: the list sends the choice, which the session keeps; the next screen is the job's."""

    permission = Perm.ORDERS_VIEW
    template = "orders/bulk.html"
    action: ClassVar[BulkAction] = ACTIONS[0]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the first screen."""
        return self._with_choice(request.GET.get("of", ""), lambda chosen: self.first_screen(chosen, self.form()))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take the choice from the list, or start the work from the first screen."""
        if "of" in request.POST:
            return self._with_choice(request.POST["of"], self.start)
        try:
            token = self.keep(self.choose())
        except Refused as refused:
            messages.error(request, str(refused.message))
            return HttpResponseRedirect(self._list(request.POST.get("query", "")))
        return HttpResponseRedirect(f"{request.path}?of={token}")

    def choose(self) -> Chosen:
        """Read what the list sent: the ticked rows, or its whole address."""
        data = self.request.POST
        ids = [int(one) for one in data.getlist("ids") if one.isdecimal() and len(one) < 19]
        every = data.get("all") == "1"
        return Chosen.of(self.shop, ids=ids, query=data.get("query", "")[:4000], every=every, now=self.now)

    def keep(self, chosen: Chosen) -> str:
        """Keep the choice in the session, where no log sees it, and return the key under which it is found again."""
        key, kept = secrets.token_urlsafe(12), self.request.session.get(_KEPT, {})
        newest = [*kept.items(), (key, chosen.seal(self.member))][-MOST_KEPT:]
        self.request.session[_KEPT] = dict(newest)
        return key

    def _with_choice(self, key: str, then: Callable[[Chosen], HttpResponse]) -> HttpResponse:
        """Open the choice that was kept and go on; without one that opens, say so."""
        try:
            return then(Chosen.unseal(self.request.session.get(_KEPT, {}).get(key, ""), self.member))
        except Refused as refused:
            back = {"label": _("Back to the orders"), "url": self._list(""), "primary": True}
            said = str(refused.message) if key else _("Choose orders in the list first.")
            empty = {"title": said, "text": "", "actions": [back], "icon": "list"}
            return self.show(page={"title": self.action.label}, empty=empty)

    def form(self, *data: Any) -> forms.Form:
        """Return the form of the action's own values."""
        options: dict[str, Any] = {"auto_id": "bulk_%s"}
        if self.action.code == "remind":
            options["code"] = self.shop.policy.coupon
        return FORMS[self.action.code](*data, **options)

    def first_screen(self, chosen: Chosen, form: forms.Form, *, status: int = 200) -> HttpResponse:
        """Count what would become of the orders, and ask."""
        found = bulk.forecast(chosen.rows(self.shop), self.action)
        crumbs = [{"label": _("Orders"), "url": self._list(chosen.query)}, {"label": self.action.label}]
        return self.show(
            status=status,
            page={"title": self.action.label, "breadcrumbs": crumbs},
            will=found.will,
            total=found.total,
            numbers={"will": money.capped(found.will, MOST), "total": money.capped(found.total, MOST)},
            wont=[
                {"reason": reason, "count": count, "number": money.capped(count, MOST)}
                for reason, count in found.wont.items()
            ],
            every=chosen.every,
            form=form,
            of=self.request.POST.get("of") or self.request.GET.get("of", ""),
            action={"label": self.action.label, "danger": self.action.danger, "code": self.action.code},
            back_url=self._list(chosen.query),
        )

    def start(self, chosen: Chosen) -> HttpResponse:
        """Start the job, or show the form again with what is wrong."""
        form = self.form(self.request.POST)
        lines = self._lines(form, chosen) if form.is_valid() and isinstance(form, ShipLinesForm) else None
        if not form.is_valid():
            return self.first_screen(chosen, form, status=422)
        values = {"coupon": False} | form.cleaned_data if isinstance(form, RemindForm) else dict(form.cleaned_data)
        values.pop("lines", None)
        job = bulk.start(self.action, chosen, values=values, lines=lines, member=self.member, by=self.actor)
        return HttpResponseRedirect(self.url("job_detail", job.pk))

    def _lines(self, form: ShipLinesForm, chosen: Chosen) -> list[tuple[int, str, str]]:
        """Find the order of each pasted line among the chosen ones; a line without one is a problem of the form."""
        lines = form.cleaned_data["lines"]
        numbers = [number for _place, number, _tracking_no in lines]
        known = dict(chosen.rows(self.shop).filter(number__in=numbers).values_list("number", "pk"))
        for place, number, _tracking_no in lines:
            if number not in known:
                told = {"place": place, "number": number}
                form.add_error("lines", _("Line %(place)s: “%(number)s” is not among the chosen orders.") % told)
        return [(known[number], number, tracking_no) for _place, number, tracking_no in lines if number in known]

    def _list(self, query: str) -> str:
        address = self.url("order_list")
        return f"{address}?{query}" if query else address
