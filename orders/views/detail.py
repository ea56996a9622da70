"""The page of one order, and the doors of what can be done there."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import actions, detail, timeline
from orders.forms import AbnormalForm, CancelForm, FlagForm, NoteForm, SellerNoteForm
from orders.lifecycle import ORDER
from orders.models import Order
from orders.states import Abnormal
from sellercenter import events, money
from sellercenter.lifecycle import Move, holds
from sellercenter.pages import ActPage, ShopPage, Text
from sellercenter.permissions import Perm
from sellercenter.times import moment

_DOORS = ("approve", "cancel")


class OrderDetail(ShopPage):
    """Everything about one order."""

    permission = Perm.ORDERS_VIEW
    template = "orders/order_detail.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the order with its history and what this person can do now."""
        order = get_object_or_404(Order.objects.for_shop(self.shop).with_details(), pk=pk)
        crumbs = [{"label": _("Orders"), "url": self.url("order_list")}, {"label": order.number, "url": ""}]
        shown = detail.prepare(order, self.setting) | self.moves(order) | self.notes(order) | self.history(order)
        return self.show(page={"title": order.number, "breadcrumbs": crumbs}, order=shown)

    def moves(self, order: Order) -> dict[str, Any]:
        """Prepare the moves: those that are legal and permitted as buttons, the others with the reason why not."""
        allowed, refused = [], []
        for move in ORDER.open_to(order, self.actor):
            if not move.label or move.name not in _DOORS:
                continue
            if move.where and not holds(order, move.where):
                refused.append({"label": move.label, "why_not": move.why_not})
            else:
                allowed.append(self._move(order, move))
        return {"moves": allowed, "refused_moves": refused}

    def _move(self, order: Order, move: Move) -> dict[str, Any]:
        shape = {
            "name": move.name,
            "label": move.label,
            "url": self.url(f"order_{move.name}", order.pk),
            "allowed": True,
        }
        if move.name != "cancel":
            return shape
        paid = money.text(order.paid_amount, order.currency)
        told = _("The order ends here. %(amount)s was paid and has to be refunded.") % {"amount": paid}
        consequence = told if order.paid_amount else _("The order ends here. Nothing was paid.")
        return {**shape, "danger": True, "consequence": consequence, "form": CancelForm(auto_id="cancel_%s")}

    def notes(self, order: Order) -> dict[str, Any]:
        """Prepare notes, flag and mark, with forms for those who may write."""
        at = self.setting
        written = [
            {"author": note.author_label, "at": moment(note.at, at.zone, this_year=at.year), "body": note.body}
            for note in order.notes.all()
        ]
        shown: dict[str, Any] = {"notes": written, "seller_note": order.seller_note}
        if self.actor.may(Perm.ORDERS_NOTE):
            seller_note = {"note": order.seller_note, "before": order.seller_note}
            shown |= {
                "note_form": self._form(NoteForm(), "order_note", order, _("Add note")),
                "seller_note_form": self._form(
                    SellerNoteForm(initial=seller_note), "order_seller_note", order, _("Save")
                ),
                "flag_form": self._form(FlagForm(initial={"flag": order.flag}), "order_flag", order, _("Set flag")),
            }
        if self.actor.may(Perm.ORDERS_MARK):
            mark = {"kind": order.abnormal or Abnormal.OTHER, "reason": order.abnormal_reason}
            shown["abnormal_form"] = self._form(AbnormalForm(initial=mark), "order_abnormal", order, _("Mark"))
            shown["unmark_url"] = self.url("order_abnormal_clear", order.pk) if order.abnormal else ""
        return shown

    def _form(self, form: Any, url_name: str, order: Order, submit: str) -> dict[str, Any]:
        return {"form": form, "url": self.url(url_name, order.pk), "submit": submit}

    def history(self, order: Order) -> dict[str, Any]:
        """Prepare the timeline and its filters."""
        asked = self.request.GET.get("events", "")
        group = asked if asked in timeline.GROUPS else ""
        base = self.request.path
        filters = [
            {
                "label": label,
                "url": f"{base}?events={code}#timeline" if code else f"{base}#timeline",
                "active": code == group,
            }
            for code, label in timeline.GROUPS.items()
        ]
        return {"timeline": timeline.stream(events.of(order), self.setting, group=group), "timeline_filters": filters}


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
