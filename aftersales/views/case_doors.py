"""The doors of what can be done with one case: each takes a form, calls one verb and says what came of it.

Every form brings the version that its page showed; the verb refuses when the case changed meanwhile.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import actions
from aftersales.forms import (
    DecideForm,
    ExtendForm,
    InspectForm,
    OfferForm,
    OpenForm,
    PauseForm,
    RefuseForm,
    SeenForm,
)
from aftersales.models import Case, Refund
from aftersales.states import RefundStatus
from orders.models import Order
from sellercenter import money
from sellercenter.pages import ActPage, Text
from sellercenter.permissions import Perm


class CaseAct(ActPage):
    """A verb on one case of this shop."""

    abstract = True
    form_class: ClassVar[type[forms.Form] | None] = SeenForm

    def find(self, **kwargs: Any) -> Case:
        """Return the case of this shop, or 404."""
        found = Case.objects.for_shop(self.shop).select_related("order", "shop__policy", "replacement__shop__policy")
        return get_object_or_404(found, pk=kwargs["pk"])

    def after(self, record: Case) -> str:
        """Go back to the case."""
        return self.url("case_detail", record.pk)


class CaseAccept(CaseAct):
    """Accept what is asked for without goods."""

    permission, form_class = Perm.AFTERSALES_DECIDE, DecideForm
    done = gettext_lazy("The request is accepted; the money is on its way back.")

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.accept(record, **data, by=self.actor)
        return _to_confirm(record)


class CaseAcceptReturn(CaseAct):
    """Let the buyer send the goods back."""

    permission, form_class = Perm.AFTERSALES_DECIDE, DecideForm
    done = gettext_lazy("The return is accepted; the buyer sends the goods back.")

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.accept_return(record, **data, by=self.actor)
        return None


class CaseKeep(CaseAct):
    """Refund without having the goods back."""

    permission, form_class = Perm.AFTERSALES_DECIDE, DecideForm
    done = gettext_lazy("The money is on its way back, and the buyer keeps the goods.")

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.keep(record, **data, by=self.actor)
        return _to_confirm(record)


class CaseAcceptResend(CaseAct):
    """Send again."""

    permission, form_class = Perm.AFTERSALES_DECIDE, DecideForm

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb, and name the new order."""
        actions.accept_resend(record, **data, by=self.actor)
        return _made(record)


class CaseOffer(CaseAct):
    """Offer a part of the money."""

    permission, form_class = Perm.AFTERSALES_DECIDE, OfferForm

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb, and say what was offered."""
        actions.offer(record, **data, by=self.actor)
        return _("%s is offered; the buyer answers next.") % money.text(data["amount"], record.currency)


class CaseOfferExchange(CaseAct):
    """Offer an exchange."""

    permission, form_class = Perm.AFTERSALES_DECIDE, DecideForm
    done = gettext_lazy("The exchange is offered; the buyer answers next.")

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.offer_exchange(record, **data, by=self.actor)
        return None


class CaseRefuse(CaseAct):
    """Refuse a request."""

    permission, form_class = Perm.AFTERSALES_DECIDE, RefuseForm
    done = gettext_lazy("The request is refused; the buyer is told why.")

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.refuse(record, **data, by=self.actor)
        return None


class CaseReceive(CaseAct):
    """Note that a return is here."""

    permission = Perm.AFTERSALES_DECIDE
    done = gettext_lazy("The return is here; look at the goods next.")

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.receive(record, **data, by=self.actor)
        return None


class CaseInspect(CaseAct):
    """Say in which condition goods came back."""

    permission = Perm.AFTERSALES_DECIDE

    class _Form(InspectForm):
        def clean(self) -> dict[str, Any]:
            """Gather the units by line."""
            given = {name: self.cleaned_data.get(name) for name in ("seen", "instead")}
            return {**given, "results": self.results()}

    form_class = _Form

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb, and say how it goes on."""
        actions.inspect(record, **data, by=self.actor)
        if record.replacement_id:
            return _made(record)
        return _to_confirm(record) or _("The inspection is kept; the money is on its way back.")


class CaseRefuseReturn(CaseAct):
    """Refuse goods that came back."""

    permission, form_class = Perm.AFTERSALES_DECIDE, RefuseForm
    done = gettext_lazy("The return is refused; the buyer is told why.")

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        wanted = {name: data[name] for name in ("refusal", "words", "seen")}
        actions.refuse_return(record, **wanted, by=self.actor)
        return None


class CaseRefundInstead(CaseAct):
    """Give the money back for what can't be sent again."""

    permission = Perm.AFTERSALES_DECIDE
    done = gettext_lazy("The money is on its way back instead.")

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.refund_instead(record, **data, by=self.actor)
        return _to_confirm(record)


class CaseAskPlatform(CaseAct):
    """Ask the platform to decide."""

    permission = Perm.DISPUTES_HANDLE
    done = gettext_lazy("The platform is asked to decide; put your evidence in.")

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.ask_platform(record, **data, by=self.actor)
        return None


class CaseExtend(CaseAct):
    """Give more time."""

    permission, form_class = Perm.AFTERSALES_DECIDE, ExtendForm
    done = gettext_lazy("The deadline is extended.")

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb: the time is added to the deadline as the person saw it."""
        until = (record.act_by or timezone.now()) + timedelta(hours=data["hours"])
        actions.extend(record, until=until, reason=data["reason"], seen=data["seen"], by=self.actor)
        return None


class CasePause(CaseAct):
    """Stop the clock."""

    permission, form_class = Perm.AFTERSALES_DECIDE, PauseForm
    done = gettext_lazy("The clock is stopped.")

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.pause(record, **data, by=self.actor)
        return None


class CaseResume(CaseAct):
    """Let the clock go on."""

    permission = Perm.AFTERSALES_DECIDE
    done = gettext_lazy("The clock goes on with what was left.")

    def act(self, record: Case, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.resume(record, **data, by=self.actor)
        return None


class OrderOpenCase(ActPage):
    """Open a case for the buyer of an order."""

    permission = Perm.AFTERSALES_DECIDE
    done = gettext_lazy("The case is opened.")
    opened: Case | None = None

    class _Form(OpenForm):
        def clean(self) -> dict[str, Any]:
            """Gather the units, and what is wanted instead, by line."""
            given = {name: self.cleaned_data.get(name) for name in ("kind", "reason", "amount", "words")}
            by_line = {name: self.by_line(name) for name in ("units", "wanted")}
            lines, wanted = ({key: n for key, n in found.items() if n} for found in by_line.values())
            return {**given, "lines": lines, "wanted": wanted}

    form_class = _Form

    def find(self, **kwargs: Any) -> Order:
        """Return the order of this shop, or 404."""
        return get_object_or_404(Order.objects.for_shop(self.shop).select_related("shop__policy"), pk=kwargs["pk"])

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        self.opened = actions.open_case(record, **data, by=self.actor)
        return None

    def after(self, record: Order) -> str:
        """Show the case, or the order when there is none."""
        return self.url("case_detail", self.opened.pk) if self.opened else self.url("order_detail", record.pk)


def _to_confirm(case: Case) -> str | None:
    """Say that the money waits for a second person, where it does."""
    if not Refund.objects.filter(case=case, status=RefundStatus.TO_CONFIRM).exists():
        return None
    return _("This is decided; somebody else has to confirm the refund before it goes back.")


def _made(case: Case) -> str:
    return _("Order %s is made and waits to be shipped.") % (case.replacement.number if case.replacement else "")
