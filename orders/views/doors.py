"""The doors of what can be done with one order: each takes a form, calls one verb and says what came of it."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import actions, changes, fulfilment
from orders.facts import RecipientFacts
from orders.forms import (
    AbnormalForm,
    AddressForm,
    CancelForm,
    FlagForm,
    HoldForm,
    NoteForm,
    PriceForm,
    RefuseForm,
    RemindForm,
    SellerNoteForm,
    ShipForm,
)
from orders.models import Order
from orders.states import Status
from sellercenter import money
from sellercenter.pages import ActPage, Text
from sellercenter.permissions import Perm


class OrderAct(ActPage):
    """A verb on one order of this shop."""

    abstract = True

    def find(self, **kwargs: Any) -> Order:
        """Return the order of this shop, or 404."""
        return get_object_or_404(Order.objects.for_shop(self.shop).select_related("shop__policy"), pk=kwargs["pk"])

    def after(self, record: Order) -> str:
        """Go back to the order."""
        return self.url("order_detail", record.pk)


class OrderApprove(OrderAct):
    """Approve the order."""

    permission, done = Perm.ORDERS_REVIEW, gettext_lazy("The order is approved and waits to be shipped.")

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.approve(record, by=self.actor)
        return None


class OrderCancel(OrderAct):
    """Cancel the order."""

    permission, form_class, done = Perm.ORDERS_CANCEL, CancelForm, gettext_lazy("The order is cancelled.")

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.cancel(record, reason=data["reason"], by=self.actor)
        return None


class OrderShip(OrderAct):
    """Send a parcel with all that is left of the order, or with a part of it."""

    permission, form_class = Perm.PARCELS_SHIP, ShipForm

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb, and say whether something is left."""
        sent = {name: data[name] for name in ("carrier", "tracking_no", "units")}
        parcel = fulfilment.ship(record, **sent, by=self.actor)
        part = record.status == Status.PART_SHIPPED
        told = _("Parcel %s is on its way; a part of the order is left.") if part else _("Parcel %s is on its way.")
        return told % parcel.tracking_no


class OrderHold(OrderAct):
    """Hold the order."""

    permission, form_class, done = Perm.ORDERS_REVIEW, HoldForm, gettext_lazy("The order is held.")

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.hold(record, reason=data["reason"], by=self.actor)
        return None


class OrderRelease(OrderAct):
    """Release the order."""

    permission, done = Perm.ORDERS_REVIEW, gettext_lazy("The order is released and goes on.")

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.release(record, by=self.actor)
        return None


class OrderRemind(OrderAct):
    """Remind the buyer to pay."""

    permission, form_class, done = Perm.ORDERS_REMIND, RemindForm, gettext_lazy("The buyer is reminded to pay.")

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.remind(record, coupon=data["coupon"], by=self.actor)
        return None


class OrderChangePrice(OrderAct):
    """Change price and freight."""

    permission, form_class = Perm.ORDERS_PRICE, PriceForm

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb, and say what the buyer has to pay before and after."""
        changes.change_price(record, **data, by=self.actor)
        amounts = (money.text(amount, record.currency) for amount in (data["seen"], record.total_amount))
        return _("The total was %(before)s and is %(after)s now.") % dict(
            zip(("before", "after"), amounts, strict=True)
        )


class OrderChangeAddress(OrderAct):
    """Send the order to another address."""

    permission, form_class, done = Perm.ORDERS_ADDRESS, AddressForm, gettext_lazy("The address is changed.")

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        recipient = RecipientFacts(**{name: data[name] for name in ("name", "phone", "address", "postcode")})
        region = {name: data[name] for name in ("province", "city", "district")}
        changes.change_address(record, recipient=recipient, **region, by=self.actor)
        return None


class OrderAcceptCancel(OrderAct):
    """Grant the buyer's wish to cancel."""

    permission, done = Perm.ORDERS_CANCEL, gettext_lazy("The cancel request is accepted; the order is cancelled.")

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.accept_cancel(record, by=self.actor)
        return None


class OrderRefuseCancel(OrderAct):
    """Refuse the buyer's wish to cancel."""

    permission, form_class = Perm.ORDERS_CANCEL, RefuseForm
    done = gettext_lazy("The cancel request is refused; the order goes on.")

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.refuse_cancel(record, reason=data["reason"], by=self.actor)
        return None


class OrderNoteAdd(OrderAct):
    """Add an internal note."""

    permission, form_class, done = Perm.ORDERS_NOTE, NoteForm, gettext_lazy("The note is added.")

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.add_note(record, body=data["body"], by=self.actor)
        return None


class OrderSellerNote(OrderAct):
    """Write the seller note."""

    permission, form_class, done = Perm.ORDERS_NOTE, SellerNoteForm, gettext_lazy("The seller note is saved.")

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.write_seller_note(record, note=data["note"], before=data["before"], by=self.actor)
        return None


class OrderFlag(OrderAct):
    """Set the flag."""

    permission, form_class, done = Perm.ORDERS_NOTE, FlagForm, gettext_lazy("The flag is set.")

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.set_flag(record, flag=data["flag"], by=self.actor)
        return None


class OrderAbnormal(OrderAct):
    """Mark as abnormal."""

    permission, form_class, done = Perm.ORDERS_MARK, AbnormalForm, gettext_lazy("The order is marked.")

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.mark_abnormal(record, kind=data["kind"], reason=data["reason"], by=self.actor)
        return None


class OrderAbnormalClear(OrderAct):
    """Take the mark away."""

    permission, done = Perm.ORDERS_MARK, gettext_lazy("The mark is taken away.")

    def act(self, record: Order, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        actions.clear_abnormal(record, by=self.actor)
        return None
