"""Appeals: the list, the page of one with its checklist, the form for a new one, and the doors."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import appeals, dispute_offers, evidence_shown, timeline
from aftersales.dispute_filters import APPEAL_TABS, AppealFilter
from aftersales.dispute_forms import AnswerForm, AppealChangeForm, AppealForm, StateForm, WonForm, instant
from aftersales.dispute_tables import AppealTable, appeal_due, stake
from aftersales.models import Appeal, Case
from aftersales.states import AppealKind, AppealStatus
from orders.models import Order
from sellercenter.columns import labels
from sellercenter.lifecycle import Refused
from sellercenter.locks import too_busy
from sellercenter.pages import ActPage, ShopPage, TablePage, Text
from sellercenter.permissions import Perm
from sellercenter.times import moment

_NEXT = {
    AppealStatus.DRAFT: gettext_lazy("Gather the proof, send the appeal to the platform, then file it here."),
    AppealStatus.FILED: gettext_lazy("The platform looks into it. Note its answer when it comes."),
    AppealStatus.WON: gettext_lazy("The platform takes its decision back."),
    AppealStatus.LAPSED: gettext_lazy("Nobody filed it in time."),
}


class AppealList(TablePage):
    """Appeals of this shop: what has to be filed, what waits for an answer, what came of it."""

    name, url_name, permission = "appeals", "appeal_list", Perm.AFTERSALES_VIEW
    title = gettext_lazy("Appeals")
    queryset = Appeal.objects.select_related("case", "order")
    filterset_class, table_class, tabs = AppealFilter, AppealTable, APPEAL_TABS

    def link(self, record: Appeal) -> str:
        """Return the address of the appeal's page."""
        return self.url("appeal_detail", record.pk)

    def shell(self, **context: Any) -> dict[str, Any]:
        """Offer to begin an appeal."""
        page = context.pop("page", {})
        if self.actor.may(Perm.DISPUTES_HANDLE):
            add = {"label": _("New appeal"), "url": self.url("appeal_add"), "icon": "plus", "primary": True}
            page |= {"actions": [add]}
        return super().shell(page=page, **context)


class AppealDetail(ShopPage):
    """One appeal: what it says, what must be proved, the evidence, and the answer."""

    permission = Perm.AFTERSALES_VIEW
    template = "aftersales/appeal_detail.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the appeal with what happened to it."""
        found = Appeal.objects.for_shop(self.shop).select_related("case", "order")
        appeal = get_object_or_404(found, pk=pk)
        appeal.shop = self.shop
        crumbs = [{"label": _("Appeals"), "url": self.url("appeal_list")}, {"label": appeal.number, "url": ""}]
        shown = {
            **self._facts(appeal),
            **dispute_offers.offered(appeal, self.actor, partial(self._door, appeal)),
            "checks": [
                {"label": check.proof.label, "required": check.required, "files": check.files}
                for check in appeals.checklist(appeal)
            ],
            "change": self._change(appeal),
            "evidence": evidence_shown.of(appeal, self.setting, self.actor),
            "timeline": timeline.of_records({"appeal": [appeal.pk]}, self.setting, self.shop.currency),
        }
        return self.show(page={"title": appeal.number, "breadcrumbs": crumbs}, record=shown)

    def _door(self, appeal: Appeal, name: str) -> str:
        return self.url(f"appeal_{name}", appeal.pk)

    def _facts(self, appeal: Appeal) -> dict[str, Any]:
        at = self.setting
        case, order = appeal.case, appeal.order
        names = {"told": appeal.happened_at, "filed": appeal.filed_at, "ended": appeal.ended_at}
        return {
            "number": appeal.number,
            "badge": {"code": appeal.status, "label": labels(AppealStatus)[appeal.status]},
            "due": appeal_due(appeal, at),
            "next": _NEXT.get(AppealStatus(appeal.status), ""),
            "kind": labels(AppealKind)[appeal.kind],
            "words": appeal.words,
            "target": appeal.target,
            "amount": stake(appeal, at),
            "outcome": appeal.outcome,
            "opened_by": appeal.opened_label,
            "case": {"number": case.number, "url": self.url("case_detail", case.pk)} if case else None,
            "order": {"number": order.number, "url": self.url("order_detail", order.pk)} if order else None,
            **{name: moment(time, at.zone, this_year=at.year) for name, time in names.items()},
        }

    def _change(self, appeal: Appeal) -> dict[str, Any] | None:
        if not dispute_offers.may(appeal, self.actor, "change"):
            return None
        told = {"words": appeal.words, "before": appeal.words, "target": appeal.target, "amount": appeal.amount}
        return {"form": AppealChangeForm(initial=told, auto_id="change_%s"), "url": self._door(appeal, "change")}


class AppealAdd(ShopPage):
    """Begin an appeal; what is known of a case is filled in already."""

    permission = Perm.DISPUTES_HANDLE
    template = "aftersales/appeal_form.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        return self._answer(AppealForm(initial={"case": request.GET.get("case"), "kind": request.GET.get("kind")}))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Draft the appeal, or show the form again with what is wrong."""
        form = AppealForm(request.POST)
        if form.is_valid():
            try:
                drafted = self._draft(form)
            except Refused as refused:
                form.add_error(None, str(refused.message))
            except OperationalError as error:
                if not too_busy(error):
                    raise
                form.add_error(None, _("Somebody else is changing this at the very moment. Try again."))
            else:
                return HttpResponseRedirect(self.url("appeal_detail", drafted.pk))
        return self._answer(form, status=422)

    def _draft(self, form: AppealForm) -> Appeal:
        data = form.cleaned_data
        told_at, numbers = instant(data.pop("told_at"), self.shop.zone), (data.pop("case"), data.pop("order"))
        case, order = _named(Case, self.shop, numbers[0]), _named(Order, self.shop, numbers[1])
        return appeals.draft(self.shop, **data, told_at=told_at, case=case, order=order, by=self.actor)  # type: ignore[arg-type]

    def _answer(self, form: AppealForm, *, status: int = 200) -> HttpResponse:
        crumbs = [{"label": _("Appeals"), "url": self.url("appeal_list")}, {"label": _("New appeal"), "url": ""}]
        page = {"title": _("New appeal"), "breadcrumbs": crumbs}
        return self.show(status=status, page=page, form=form, cancel_url=self.url("appeal_list"))


def _named(model: Any, shop: Any, number: str) -> Any:
    """Return the shop's record of this number; None when none is named; refused when there is none."""
    if not number:
        return None
    found = model.objects.for_shop(shop).select_related("shop").filter(number=number.strip()).first()
    if found is None:
        raise Refused(
            _("There is no %(kind)s %(number)s.") % {"kind": model._meta.verbose_name, "number": number}, "none"
        )
    return found


class AppealAct(ActPage):
    """A verb on one appeal of this shop."""

    abstract = True
    permission = Perm.DISPUTES_HANDLE

    def find(self, **kwargs: Any) -> Appeal:
        """Return the appeal of this shop, or 404."""
        found = Appeal.objects.for_shop(self.shop).select_related("shop__policy", "case__shop")
        return get_object_or_404(found, pk=kwargs["pk"])

    def after(self, record: Appeal) -> str:
        """Go back to the appeal."""
        return self.url("appeal_detail", record.pk)


class AppealChange(AppealAct):
    """Write a draft anew."""

    permission, form_class = Perm.DISPUTES_HANDLE, AppealChangeForm
    done = gettext_lazy("The draft is changed.")

    def act(self, record: Appeal, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        appeals.change(record, **data, by=self.actor)
        return None


class AppealFile(AppealAct):
    """Note that the appeal went to the platform."""

    permission, form_class = Perm.DISPUTES_HANDLE, StateForm
    done = gettext_lazy("The appeal is filed.")

    def act(self, record: Appeal, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        appeals.file(record, **data, by=self.actor)
        return None


class AppealWin(AppealAct):
    """Note that the platform granted the appeal."""

    permission, form_class = Perm.DISPUTES_HANDLE, WonForm
    done = gettext_lazy("The appeal is won.")

    def act(self, record: Appeal, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        appeals.win(record, **data, by=self.actor)
        return None


class AppealLose(AppealAct):
    """Note that the platform turned the appeal down."""

    permission, form_class = Perm.DISPUTES_HANDLE, AnswerForm
    done = gettext_lazy("It is noted that the appeal was lost.")

    def act(self, record: Appeal, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        appeals.lose(record, **data, by=self.actor)
        return None


class AppealWithdraw(AppealAct):
    """Give the appeal up."""

    permission, form_class = Perm.DISPUTES_HANDLE, StateForm
    done = gettext_lazy("The appeal is withdrawn.")

    def act(self, record: Appeal, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        appeals.withdraw(record, **data, by=self.actor)
        return None
