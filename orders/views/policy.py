"""The shop's policy: every clock as a value that its owner can change, and who changed what when."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models.fields import Field
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import policies
from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, ShopPolicy
from sellercenter.pages import ShopPage
from sellercenter.permissions import Perm
from sellercenter.policy_forms import PolicyForm, remembered
from sellercenter.texts import Text
from sellercenter.times import moment

SHOWN_CHANGES = 50
# (heading, what stands below it), in the order of an order's life and what comes after it.
PARTS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (
        gettext_lazy("Waiting for payment"),
        (
            *("first_reminder", "first_channels", "second_reminder", "second_channels"),
            *("quiet_from", "quiet_until", "coupon", "payment_window"),
        ),
    ),
    (gettext_lazy("Cancel requests"), ("cancel_answer",)),
    (gettext_lazy("Shipping"), ("ship_within", "ship_warning", "ship_cancel")),
    (gettext_lazy("On the way and receipt"), ("tracking_silence", "receipt_window")),
    (gettext_lazy("Stock"), ("low_stock_at",)),
    (
        gettext_lazy("After-sales cases"),
        (
            *("claim_window", "case_answer", "case_warning", "offer_answer", "return_window", "inspect_within"),
            *("resend_within", "refund_limit"),
        ),
    ),
    (
        gettext_lazy("Disputes and appeals"),
        ("escalate_window", "evidence_within", "appeal_file_days", "appeal_answer_days"),
    ),
    (gettext_lazy("Messages of buyers"), ("reply_within",)),
)


class PolicyPage(ShopPage):
    """The policy of a shop as a form, with its history below."""

    permission = Perm.POLICIES_EDIT
    title, template = gettext_lazy("Policy"), "orders/policy.html"
    help = gettext_lazy("When buyers are reminded, when orders and cases go on by themselves, and what counts as late.")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show what is saved."""
        return self._answer(PolicyForm(policy=self._policy()))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save what was typed, unless somebody else saved first: then both stand side by side."""
        form = PolicyForm(request.POST, policy=self._policy())
        if not form.is_valid():
            return self._answer(form, status=422)
        given = {"seen": form.cleaned_data["seen"], "open_orders": form.cleaned_data["open_orders"]}
        try:
            event = policies.change(self.member, values=form.values(), **given, by=self.actor)
        except Refused as refused:
            form.add_error(None, str(refused.message))
            return self._answer(form, status=422)
        messages.success(request, _said(event, open_orders=given["open_orders"]))
        return HttpResponseRedirect(self.url("policy"))

    def _policy(self) -> ShopPolicy:
        return ShopPolicy.objects.select_related("shop").get(shop=self.shop)

    def _answer(self, form: PolicyForm, *, status: int = 200) -> HttpResponse:
        sections = [{"label": label, "fields": [form[name] for name in names]} for label, names in PARTS]
        return self.show(
            status=status,
            form=form,
            sections=sections,
            seen=self._seen(form),
            open_orders=form["open_orders"],
            timeline=self._history(),
        )

    def _seen(self, form: PolicyForm) -> dict[str, str]:
        """Name what the page shows as saved now, which is what the next attempt is compared with."""
        bound: BoundField = form["seen"]
        return {"name": bound.html_name, "value": str(form.initial["seen"])}

    def _history(self) -> list[dict[str, Any]]:
        past = events.of(self._policy()).filter(kind="policy.changed").reverse()[:SHOWN_CHANGES]
        return [self._entry(event) for event in past]

    def _entry(self, event: Event) -> dict[str, Any]:
        before, after = event.data["before"], event.data["after"]
        details = [(_label(name), remembered(name, before[name]), remembered(name, after[name])) for name in after]
        return {
            "kind": "state",
            "icon": "pencil",
            "text": _("Policy changed"),
            "actor": event.actor_label,
            "at": moment(event.at, self.setting.zone, this_year=self.setting.year),
            "details": details,
        }


def _label(name: str) -> str:
    field = ShopPolicy._meta.get_field(name)
    assert isinstance(field, Field)
    return capfirst(str(field.verbose_name))


def _said(event: Event | None, *, open_orders: bool) -> str:
    if open_orders:
        return _("Saved. Open orders and cases are getting their new times; see the running work.")
    return (
        _("Saved. It counts for orders and cases from now on.")
        if event
        else _("Nothing was different, so nothing changed.")
    )
