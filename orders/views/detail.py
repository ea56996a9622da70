"""The page of one order; what can be done there goes through the doors of `orders/views/doors.py`."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from orders import detail, offers, timeline
from orders.forms import AbnormalForm, FlagForm, NoteForm, SellerNoteForm
from orders.models import Order, Parcel
from orders.states import Abnormal
from sellercenter import events, outgoing
from sellercenter.models import Event
from sellercenter.pages import ShopPage
from sellercenter.permissions import Perm
from sellercenter.times import moment

# So many of the newest parcels tell which carriers the shop works with.
RECENT = 200


class OrderDetail(ShopPage):
    """Everything about one order."""

    permission = Perm.ORDERS_VIEW
    template = "orders/order_detail.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the order with its history and what this person can do now."""
        order = get_object_or_404(Order.objects.for_shop(self.shop).with_details(), pk=pk)
        crumbs = [{"label": _("Orders"), "url": self.url("order_list")}, {"label": order.number, "url": ""}]
        history = list(events.of(order))
        panels = self.panels(order)
        shown = detail.prepare(order, self.setting, history) | self.notes(order)
        shown |= self.history(order, history, panels)
        shown |= self.moves(order, history) | {"panels": panels}
        return self.show(page={"title": order.number, "breadcrumbs": crumbs}, order=shown)

    def panels(self, order: Order) -> list[dict[str, Any]]:
        """Prepare what other rooms show of the order, each with its template; see settings.ORDER_PANELS."""
        found = (import_string(path)(order, self.setting, self.actor) for path in settings.ORDER_PANELS)
        return [panel for panel in found if panel]

    def moves(self, order: Order, history: list[Event]) -> dict[str, Any]:
        """Prepare what can be done now, what not and why, and the carriers that a parcel may travel by."""
        shown = offers.offered(order, self.actor, self.setting, history, partial(self._door, order))
        ships = any(move and move["name"] == "ship" for move in (shown["lead"], *shown["moves"]))
        return {**shown, "carriers": self.carriers() if ships else []}

    def _door(self, order: Order, move: str) -> str:
        return self.url(f"order_{move}", order.pk)

    def carriers(self) -> list[str]:
        """Return the carriers of the shop's newest parcels, the most used first."""
        recent = Parcel.objects.for_shop(self.shop).order_by("-pk").values_list("carrier", flat=True)[:RECENT]
        return [carrier for carrier, _parcels in Counter(filter(None, recent)).most_common()]

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

    def history(self, order: Order, history: list[Event], panels: list[dict[str, Any]]) -> dict[str, Any]:
        """Prepare the timeline, with what other rooms add to it, and its filters."""
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
        sent = outgoing.of("order", order.pk)
        # What another room tells in more detail does not stand here twice.
        told = {kind for panel in panels for kind in panel.get("tells", ())}
        own = [event for event in history if event.kind not in told]
        entries = timeline.stream(own, self.setting, group=group, currency=order.currency, messages=sent)
        elsewhere = [entry for panel in panels for entry in panel.get("timeline", ())]
        entries += [entry for entry in elsewhere if not group or entry["kind"] == group]
        entries.sort(key=lambda entry: entry["when"], reverse=True)
        return {"timeline": entries, "timeline_filters": filters}
