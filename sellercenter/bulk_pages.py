"""The first screen of each bulk action: how many records will, how many won't and why, and its own form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path

from sellercenter import bulk, choices, money
from sellercenter.bulk import BulkAction, Chosen
from sellercenter.lifecycle import Refused
from sellercenter.pages import ShopPage, Text

MOST = 10**9


class BulkPage(ShopPage):
    """One action on many records: the list sends the choice, which the session keeps; the job's page comes next."""

    abstract = True
    actions: ClassVar[Sequence[BulkAction]] = ()
    form_classes: ClassVar[Mapping[str, type[forms.Form]]] = {}
    chosen_class: ClassVar[type[Chosen]]
    list_title: ClassVar[Text] = ""
    choose_first: ClassVar[Text] = ""
    back_label: ClassVar[Text] = ""
    action: ClassVar[BulkAction]

    @classmethod
    def paths(cls, route: str) -> list[URLPattern]:
        """Return the address of each action's first screen."""
        return [
            path(f"{route}/{one.code}", cls.as_view(action=one, permission=one.permission), name=one.url_name)
            for one in cls.actions
        ]

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
        return self.chosen_class.of(self.shop, ids=ids, query=data.get("query", "")[:4000], every=every, now=self.now)

    @property
    def _kept(self) -> str:
        return f"chosen_{self.action.listed.room}"

    def keep(self, chosen: Chosen) -> str:
        """Keep the choice in the session, where no log sees it, and return the key under which it is found again."""
        return choices.keep(self.request.session, self._kept, chosen.seal(self.member))

    def _with_choice(self, key: str, then: Callable[[Chosen], HttpResponse]) -> HttpResponse:
        """Open the choice that was kept and go on; without one that opens, say so."""
        try:
            return then(self.chosen_class.unseal(choices.kept(self.request.session, self._kept, key), self.member))
        except Refused as refused:
            back = {"label": self.back_label, "url": self._list(""), "primary": True}
            said = str(refused.message) if key else self.choose_first
            empty = {"title": said, "text": "", "actions": [back], "icon": "list"}
            return self.show(page={"title": self.action.label}, empty=empty)

    def form(self, data: Any = None) -> forms.Form:
        """Return the form of the action's own values."""
        return self.form_classes[self.action.code](data, auto_id="bulk_%s")

    def values(self, form: forms.Form) -> dict[str, Any]:
        """Return the form's values as the job keeps them."""
        return dict(form.cleaned_data)

    def lines(self, form: forms.Form, chosen: Chosen) -> list[tuple[int, str, str]] | None:
        """Return what the form gives for each record alone; None when the action is the same for all."""
        return None

    def first_screen(self, chosen: Chosen, form: forms.Form, *, status: int = 200) -> HttpResponse:
        """Count what would become of the records, and ask."""
        found = bulk.forecast(chosen.rows(self.shop), self.action)
        crumbs = [{"label": self.list_title, "url": self._list(chosen.query)}, {"label": self.action.label}]
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
            back_label=self.back_label,
        )

    def start(self, chosen: Chosen) -> HttpResponse:
        """Start the job, or show the form again with what is wrong."""
        form = self.form(self.request.POST)
        lines = self.lines(form, chosen) if form.is_valid() else None
        if not form.is_valid():
            return self.first_screen(chosen, form, status=422)
        job = bulk.start(self.action, chosen, values=self.values(form), lines=lines, member=self.member, by=self.actor)
        return HttpResponseRedirect(self.url("job_detail", job.pk))

    def _list(self, query: str) -> str:
        address = self.url(self.action.listed.page)
        return f"{address}?{query}" if query else address
