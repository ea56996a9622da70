"""An order that the shop has already, brought up to what a newer file says.

What is stored gives way only to something: an empty cell erases nothing, a masked value never covers a plain one,
a state never moves back, and lines, payments and parcels that the file leaves out stay. Amounts are the exception: as
soon as the file speaks of goods or amounts at all, all of them are the file's, because they only add up together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orders import derive, inventory, payments, recipients
from orders.clocks import wind
from orders.facts import ZERO, LineFacts, OrderFacts, ParcelFacts, PaymentFacts, RecipientFacts, anonymous_buyer
from orders.imports import steps
from orders.imports.lived import Lived
from orders.imports.matching import known_payments
from orders.loading import reach
from orders.models import Buyer, Creator, Order, OrderLine, Parcel, ParcelLine, Payment, Product, Recipient, Sku
from orders.states import UNSHIPPED, LineStatus, ParcelStatus, PaymentStatus, Status
from sellercenter import events, money
from sellercenter.models import Shop
from sellercenter.permissions import BUYER, Actor
from sellercenter.privacy import is_masked

RANK = {status: rank for rank, status in enumerate(Status)} | {Status.CANCELLED: 6, Status.COMPLETED: 6}
_PARCEL_RANK = {ParcelStatus.READY: 0, ParcelStatus.IN_TRANSIT: 1, ParcelStatus.OUT_FOR_DELIVERY: 2}
_ENDS = (Status.COMPLETED, Status.CANCELLED)
_SENT = (Status.PART_SHIPPED, Status.SHIPPED, Status.DELIVERED, Status.COMPLETED, Status.CANCELLED)
_LINE_RANK = {
    status: rank
    for rank, status in enumerate(
        (LineStatus.WAITING, LineStatus.PART_SHIPPED, LineStatus.SHIPPED, LineStatus.DELIVERED, LineStatus.CANCELLED)
    )
}
# Where the lines of an order stand that left as a whole.
_GONE = {
    Status.SHIPPED: LineStatus.SHIPPED,
    Status.DELIVERED: LineStatus.DELIVERED,
    Status.COMPLETED: LineStatus.DELIVERED,
}
_ORDER_TOLD = (
    *("kind", "raw_status", "placed_at", "reviewed_at", "completed_at", "cancelled_at", "cancelled_by"),
    *(
        "cancel_reason",
        "cancel_requested_at",
        "ship_by",
        "deliver_by",
        "buyer_nickname",
        "buyer_message",
        "province",
        "city",
        "district",
    ),
    *("aftersales", "source", "channel"),
)
_ORDER_AMOUNTS = (
    *("goods_amount", "platform_discount", "seller_discount", "creator_discount", "payment_discount"),
    *("freight_amount", "freight_discount", "tax_amount", "fee_amount", "adjustment", "total_amount"),
)
_LINE_TOLD = ("title", "variant", "seller_sku", "cancel_reason", "room", "video", "commission_rate")
_LINE_ALWAYS = (
    *("quantity", "list_price", "unit_price", "platform_discount", "seller_discount", "creator_discount"),
    *("payment_discount", "freight_amount", "tax_amount", "amount", "gift", "commission_amount"),
)
# What people wrote stays out of the history; that it changed is enough there.
_UNTOLD = ("buyer_nickname", "buyer_message", "seller_note", "abnormal_reason", "cancel_reason")
_DEFAULTS = {"kind": "normal", "source": "shop", "aftersales": "none"}


@dataclass
class Change:
    """What became of one order: which fields got another value, and what is worth a note."""

    changed: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@transaction.atomic
def update(shop: Shop, facts: OrderFacts, *, by: Actor, now: datetime) -> Change:
    """Bring one stored order up to the facts, under a lock on its row, and record what changed.

    Nothing at all is written when the facts are older than what is stored; the change then holds a note and no fields.
    Money for an order that was cancelled here is never too old: it has come, or went back.
    """
    order = Order.objects.for_shop(shop).select_for_update(of=("self",)).get(number=facts.number)
    update = _Update(shop, order, facts, by, now)
    stored = Status(order.status)
    before = order.status
    if max(RANK[update.told_status()], RANK[facts.stage]) < RANK[stored] or _ended_otherwise(order, facts):
        update.take_money()
        if not update.change.changed:
            older = _("The file is older than what is stored: the order is “%s” already.")
            return Change(notes=[older % stored.label])
    else:
        update.run()
    if update.change.changed:
        events.record(
            *(shop, "order.imported", order), by=by, before=before, after=order.status, changed=update.change.changed
        )
    return update.change


def _ended_otherwise(order: Order, facts: OrderFacts) -> bool:
    return order.status in _ENDS and facts.stage != order.status


class _Update:
    """One order on its way to newer facts."""

    def __init__(self, shop: Shop, order: Order, facts: OrderFacts, by: Actor, now: datetime) -> None:
        self.shop, self.order, self.facts, self.by, self.now = shop, order, facts, by, now
        self.change = Change()
        self.fields: set[str] = set()
        self.lived = Lived(order, self.change.notes)
        self.asked = False
        self.sums = {"paid_amount": order.paid_amount, "refund_due": order.refund_due}
        self.stored = {line.number: line for line in OrderLine.objects.filter(order=order).order_by("pk")}

    def told_status(self) -> Status:
        """Return the state that the facts alone tell."""
        parts: dict[str, list[tuple[int, Any]]] = {}
        for parcel in self.facts.parcels:
            for number, units in (parcel.contents or {line.number: line.quantity for line in self.facts.lines}).items():
                parts.setdefault(number, []).append((units, parcel.status))
        lines = {line.number: (line.quantity, line.cancelled) for line in self.facts.lines}
        return derive.order_status(self.facts.stage, self._states(lines, parts).values())

    def run(self) -> None:
        """Write everything that differs."""
        self._order_fields()
        self._recipient()
        self._lines()
        self._payments()
        self._parcels()
        self._settle()
        if self.facts.digest != bytes(self.order.import_digest):
            self._set(self.order, "import_digest", self.facts.digest, tell=False)
        self._save()

    def take_money(self) -> None:
        """Write payments that are not known and what was refunded of an order that was cancelled here; nothing else."""
        if self.lived.ended:
            stored, known = self._known()
            self._more_payments(stored, known)
            self._settle_money(stored)
            self._save()

    def _save(self) -> None:
        if self.fields:
            self.order.updated_at = Now()  # type: ignore[assignment]
            self.order.save(update_fields=[*self.fields, "updated_at"])

    # --- The order's own fields ---------------------------------------------------------------------------------------

    def _set(self, record: models.Model, name: str, value: Any, *, tell: bool = True) -> bool:
        """Give a field another value and remember it; say whether it was another one."""
        old = getattr(record, name)
        if old == value:
            return False
        setattr(record, name, value)
        if record is self.order:
            self.fields.add(name)
            if tell:
                self._tell(name, old, value)
        return True

    def _tell(self, name: str, old: Any, new: Any) -> None:
        told = [] if name in _UNTOLD else [None if value is None else str(value) for value in (old, new)]
        self.change.changed[name] = told

    def _order_fields(self) -> None:
        order, facts = self.order, self.facts
        kept, unasked = self.lived.kept(facts), order.cancel_requested_at is None
        for name in _ORDER_TOLD:
            value = getattr(facts, name)
            if value and value != _DEFAULTS.get(name) and name not in kept:
                self._set(order, name, _better(getattr(order, name), value) if isinstance(value, str) else value)
        self.asked = unasked and order.cancel_requested_at is not None
        if facts.ship_by:
            self._set(order, "ship_by_promised", True, tell=False)
        self._marks()
        if facts.lines or any(getattr(facts, name) for name in _ORDER_AMOUNTS):
            for name, amount in self.lived.amounts({name: getattr(facts, name) for name in _ORDER_AMOUNTS}).items():
                self._set(order, name, amount)
        if facts.buyer_uid not in (order.buyer.uid, anonymous_buyer(order.number)):
            buyer = self._party(Buyer, "uid", facts.buyer_uid, nickname=facts.buyer_nickname)
            self._set(order, "buyer_id", buyer.pk, tell=False)
            self.change.changed["buyer"] = [None, facts.buyer_uid]
        reach(self.shop, {facts.buyer_uid: facts.buyer_email} if facts.buyer_email else {})

    def _marks(self) -> None:
        """Take over note, flag and abnormal mark where there is none yet; they belong to the people here."""
        order, facts = self.order, self.facts
        told = [
            *([("seller_note", facts.seller_note)] if facts.seller_note and not order.seller_note else ()),
            *([("flag", facts.flag)] if facts.flag is not None and order.flag is None else ()),
        ]
        if facts.abnormal and not order.abnormal:
            told += [("abnormal", facts.abnormal), ("abnormal_reason", facts.abnormal_reason)]
            told += [("abnormal_at", facts.abnormal_at or self.now)]
        touched = self.lived.marks if told else set()
        for name, value in told:
            if name not in touched:
                self._set(order, name, value)

    def _party(self, model: type[models.Model], key: str, value: str, **defaults: Any) -> Any:
        return model._default_manager.get_or_create(shop=self.shop, **{key: value}, defaults=defaults)[0]

    def _recipient(self) -> None:
        """Take over what is new of the recipient, but nothing masked where something plain is kept."""
        new = self.facts.recipient
        if new == RecipientFacts():
            return
        stored = Recipient.objects.filter(order=self.order).first() or Recipient(order=self.order, shop=self.shop)
        old = recipients.opened(stored, order_number=self.order.number)
        names = ("name", "phone", "address", "postcode")
        merged = RecipientFacts(*(_better(getattr(old, name), getattr(new, name).strip()) for name in names))
        if merged == old or self.lived.moved():
            return
        sealed = recipients.sealed(merged, order_number=self.order.number, shop_id=self.shop.pk)
        Recipient.objects.update_or_create(order=self.order, defaults={"shop": self.shop, **sealed})
        self.change.changed["recipient"] = [name for name in names if getattr(merged, name) != getattr(old, name)]

    # --- Lines --------------------------------------------------------------------------------------------------------

    def _lines(self) -> None:
        inventory.lock(self.stored.values())
        last = max((line.position for line in self.stored.values()), default=0)
        for told in self.facts.lines:
            line = self.stored.get(told.number)
            if line is None:
                last += 1
                line = OrderLine(shop=self.shop, order=self.order, number=told.number, position=last)
                self.change.changed[f"line {told.number}"] = [None, "added"]
            changed = self._line_fields(line, told)
            if line.reserved:
                # Another SKU was never reserved, and a smaller line needs less; the stored row still names the old one.
                needed = 0 if "sku_id" in changed else line.quantity
                inventory.lessen(line, to=needed, by=self.by)
            if line.pk is None or changed:
                line.save(force_insert=line.pk is None)
            if changed:
                self.change.changed.setdefault(f"line {told.number}", changed)
            self.stored[told.number] = line
        kept = [number for number in self.stored if number not in {line.number for line in self.facts.lines}]
        if "placed_at" in self.fields:
            OrderLine.objects.filter(order=self.order, number__in=kept).update(placed_at=self.order.placed_at)
        if kept and self.facts.lines:
            self.change.notes.append(_("Lines that the file leaves out were kept: %s.") % ", ".join(kept))

    def _line_fields(self, line: OrderLine, told: LineFacts) -> list[str]:
        """Bring one line up to the facts; return the names of what changed."""
        values = {name: value for name in _LINE_TOLD if (value := getattr(told, name)) not in ("", None)}
        values |= {name: getattr(told, name) for name in _LINE_ALWAYS}
        product = self._party(Product, "number", told.product_number, title=told.title)
        values |= {"product_id": product.pk, "placed_at": self.order.placed_at}
        if told.sku_number:
            price = told.list_price or told.unit_price
            defaults = {"product": product, "code": told.seller_sku, "variant": told.variant, "price": price}
            values["sku_id"] = self._party(Sku, "number", told.sku_number, **defaults).pk
        if told.creator_number:
            name = told.creator_name or told.creator_number
            values["creator_id"] = self._party(Creator, "number", told.creator_number, name=name).pk
        elif line.creator_id is not None:
            values.pop("commission_amount")
        return [name for name, value in values.items() if self._set(line, name, value)]

    # --- Payments -----------------------------------------------------------------------------------------------------

    def _payments(self) -> None:
        """Take over what the file tells of payments; one that the file leaves out stays."""
        stored, known = self._known()
        paid_at = self.facts.paid_at or self.order.paid_at or _latest(self.facts.payments, "paid_at")
        if paid_at is not None and not self.lived.ended:
            self._set(self.order, "paid_at", paid_at)
        for place, payment in known.items():
            self._payment(payment, self.facts.payments[place], paid_at)
        self._more_payments(stored, known)
        self._payment_method(stored)
        self._settle_money(stored)

    def _known(self) -> tuple[list[Payment], dict[int, Payment]]:
        """Return the stored payments, and by its place in the file each one that the file tells."""
        stored = [*Payment.objects.filter(order=self.order).order_by("position")]
        return stored, known_payments(stored, self.facts.payments)

    def _more_payments(self, stored: list[Payment], known: dict[int, Payment]) -> None:
        """Add the payments of the file that are not known; what nobody owes of them becomes a refund to make."""
        had = _captured(stored)
        for place, told in enumerate(self.facts.payments):
            if place in known:
                continue
            paid_at = told.paid_at or self.facts.paid_at
            if back := self._unowed(told.amount, had, _captured(stored)):
                stored.append(self._unowed_payment(told, paid_at, back))
            else:
                last = max((payment.position for payment in stored), default=0)
                stored.append(Payment(shop=self.shop, order=self.order, position=last + 1))
                self._payment(stored[-1], told, paid_at or self.order.paid_at)

    def _unowed(self, amount: Decimal, had: Decimal, covered: Decimal) -> Decimal:
        """Return how much of one more payment nobody owes, when `covered` was captured, `had` of it before this file.

        What the file alone tells of an order stays as it is: its payments need not make its total.
        """
        if self.lived.ended:
            return amount
        if not had or self.order.status == Status.CANCELLED:
            return ZERO
        return min(amount, max(ZERO, covered + amount - self.order.total_amount))

    def _unowed_payment(self, told: PaymentFacts, paid_at: datetime | None, back: Decimal) -> Payment:
        payment = payments.add_unowed(
            self.order,
            amount=told.amount,
            method=told.method,
            transaction_no=told.transaction_no,
            by=self.by,
            paid_at=paid_at,
            back=back,
        )
        late = _("Paid after it was cancelled here: %s.")
        twice = _("A payment that was not known, of an order that was paid already: %s is to be refunded.")
        note = late if self.order.status == Status.CANCELLED else twice
        self.change.notes.append(note % money.text(back, self.order.currency))
        self.change.changed[f"payment {payment.position}"] = ["amount"]
        return payment

    def _settle_money(self, stored: list[Payment]) -> None:
        """Bring the order's sums up to its payments; what went back has not to be refunded any more."""
        order = self.order
        if self.facts.payments:
            self._set(order, "paid_amount", _captured(stored))
        due = order.refund_due
        if (more := self.lived.gone_back(self.facts.refunded_amount, by=self.by)) > 0:
            due -= more
            self._refund(stored, more)
        left = max(ZERO, order.paid_amount - order.refunded_amount)
        self._set(order, "refund_due", left if self.lived.ended else min(left, max(ZERO, due)))
        for name, old in self.sums.items():
            if (new := getattr(order, name)) != old:
                self._tell(name, old, new)

    def _payment(self, payment: Payment, told: PaymentFacts, paid_at: datetime | None) -> None:
        """Bring one payment up to the facts; money that was captured keeps the method by which it came."""
        values: dict[str, Any] = {"amount": told.amount, "paid_at": told.paid_at or payment.paid_at or paid_at}
        if payment.status != PaymentStatus.CAPTURED:
            values |= {"method": told.method, "status": PaymentStatus.CAPTURED}
        if told.transaction_no:
            values["transaction_no"] = told.transaction_no
        changed = [name for name, value in values.items() if self._set(payment, name, value)]
        if changed or payment.pk is None:
            self.change.changed[f"payment {payment.position}"] = changed
            self._keep_payment(payment)

    def _payment_method(self, stored: list[Payment]) -> None:
        """Take over how the order was paid; when that is just the file's largest payment, ask all that are stored."""
        told = self.facts.payment_method
        largest = max(self.facts.payments, key=attrgetter("amount"), default=None)
        if largest and told == largest.method:
            told = max(stored, key=attrgetter("amount")).method
        if told:
            self._set(self.order, "payment_method", told)

    def _keep_payment(self, payment: Payment) -> None:
        payment.save(force_insert=payment.pk is None)

    def _refund(self, stored: list[Payment], more: Decimal) -> None:
        """Spread what went back over what is left of the payments, the first one first, as on arrival."""
        self._set(self.order, "refunded_amount", self.order.refunded_amount + more)
        for payment in stored:
            part = max(ZERO, min(more, payment.amount - payment.refunded - payment.refunding))
            more -= part
            if self._set(payment, "refunded", payment.refunded + part):
                self._keep_payment(payment)

    # --- Parcels ------------------------------------------------------------------------------------------------------

    def _parcels(self) -> None:
        for told in self.facts.parcels or self._implied():
            contents = told.contents or {
                number: line.quantity for number, line in self.stored.items() if line.status != LineStatus.CANCELLED
            }
            if not contents and not told.tracking_no:
                continue  # a parcel without a number is only known by what is in it
            parcel = self._parcel(told)
            for number, units in contents.items():
                part, new = ParcelLine.objects.get_or_create(
                    parcel=parcel,
                    line=self.stored[number],
                    defaults={"shop": self.shop, "order": self.order, "quantity": units},
                )
                if new or part.quantity != units:
                    self.change.changed.setdefault(f"parcel {parcel.tracking_no}", ["contents"])
                    ParcelLine.objects.filter(pk=part.pk).update(quantity=units)

    def _implied(self) -> list[ParcelFacts]:
        """Return the parcel without a number in which an order left of which only the times are told."""
        facts = self.facts
        if facts.shipped_at is None or facts.stage not in _GONE:
            return []
        if any(parcel.tracking_no for parcel in self._own_parcels()):
            return []
        status = _GONE_PARCEL[facts.stage]
        return [ParcelFacts(status=status, shipped_at=facts.shipped_at, delivered_at=facts.delivered_at)]

    def _own_parcels(self) -> models.QuerySet[Parcel]:
        return Parcel.objects.for_shop(self.shop).filter(parts__order=self.order).order_by("pk").distinct()

    def _parcel(self, told: ParcelFacts) -> Parcel:
        """Find the parcel by its number, or the order's one without a number; its state only moves on."""
        if told.tracking_no:
            found = Parcel.objects.for_shop(self.shop).filter(carrier=told.carrier, tracking_no=told.tracking_no)
        else:
            lines = ParcelLine.objects.filter(order=self.order, parcel__tracking_no="", parcel__carrier=told.carrier)
            if told.contents:
                lines = lines.filter(line__number__in=told.contents)
            found = Parcel.objects.filter(pk__in=lines.values("parcel_id"))
        parcel = found.select_for_update(no_key=True).order_by("pk").first()
        if parcel is None:
            parcel = Parcel(shop=self.shop, carrier=told.carrier, tracking_no=told.tracking_no, status=told.status)
        times = {"shipped_at": told.shipped_at, "delivered_at": told.delivered_at}
        values: dict[str, Any] = {name: time for name, time in times.items() if time is not None}
        if _PARCEL_RANK.get(told.status, 3) >= _PARCEL_RANK.get(ParcelStatus(parcel.status), 3):
            values["status"] = told.status
        changed = [name for name, value in values.items() if self._set(parcel, name, value)]
        if changed or parcel.pk is None:
            self.change.changed[f"parcel {told.tracking_no}"] = changed
            parcel.save(force_insert=parcel.pk is None)
        return parcel

    # --- States and clocks --------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Derive lines and order from everything that is now stored, and wind the clocks when the state is new."""
        order = self.order
        states = self._stored_states()
        status = derive.order_status(self.facts.stage, states.values())
        if self._would_move_back(status):
            status = Status(order.status)
            states = {number: self._at_least(state, self.stored[number]) for number, state in states.items()}
            note = _("The order stays “%s”, although its parcels say otherwise: a state never moves back.")
            self.change.notes.append(note % status.label)
        for number, state in states.items():
            if self._set(self.stored[number], "status", state):
                OrderLine.objects.filter(pk=self.stored[number].pk).update(status=state)
                self.change.changed.setdefault(f"line {number}", ["status"])
        self._stock(status)
        self._times(status)
        if self._set(order, "status", status):
            self._set(order, "status_at", self._entered(status) or self.now, tell=False)
            self._clocks(wound=True)
        elif self.fields & {"placed_at", "paid_at", "ship_by", "delivered_at", "cancel_requested_at"}:
            self._clocks(wound=False)
        if self.asked and status in UNSHIPPED:
            told = {"at": order.cancel_requested_at, "answer_by": order.answer_by}
            events.record(self.shop, "order.cancel_requested", order, by=BUYER, **told)

    def _stock(self, status: Status) -> None:
        """Let the stock that was reserved here follow what became of its lines at the platform."""
        held = [line for line in self.stored.values() if line.reserved]
        if not held:
            return
        if status == Status.CANCELLED:
            inventory.release(self.order, by=self.by)
            return
        gone = {}
        for line in held:
            if line.status == LineStatus.CANCELLED:
                inventory.lessen(line, to=0, by=self.by)
            else:
                gone[line.pk] = self._sent(line, status)
        inventory.take(self.order, gone, by=self.by)

    def _sent(self, line: OrderLine, status: Status) -> int:
        """Return how many units of a line left that are still reserved here."""
        if status in _GONE or line.status in (LineStatus.SHIPPED, LineStatus.DELIVERED):
            return line.reserved
        parts = ParcelLine.objects.filter(line=line).exclude(parcel__status=ParcelStatus.READY)
        packed = parts.aggregate(units=models.Sum("quantity"))["units"] or 0
        # What is no longer reserved has been taken before.
        return min(line.reserved, max(0, packed - (line.quantity - line.reserved)))

    def _stored_states(self) -> dict[str, LineStatus]:
        """Derive the states of all lines that are now stored from all parcels that are."""
        parts: dict[str, list[tuple[int, Any]]] = {}
        stored = ParcelLine.objects.filter(order=self.order).values_list("line__number", "quantity", "parcel__status")
        for number, units, status in stored:
            parts.setdefault(number, []).append((units, status))
        cancelled = {line.number for line in self.facts.lines if line.cancelled}
        lines = {
            number: (line.quantity, number in cancelled or line.status == LineStatus.CANCELLED)
            for number, line in self.stored.items()
        }
        return self._states(lines, parts)

    def _would_move_back(self, status: Status) -> bool:
        stored = Status(self.order.status)
        return RANK[status] < RANK[stored] or (stored in _ENDS and status != stored)

    def _at_least(self, state: LineStatus, line: OrderLine) -> LineStatus:
        """Return the furthest of what was derived for a line, where it stood, and where the order's state puts it."""
        known = (state, LineStatus(line.status), _GONE.get(Status(self.order.status), state))
        return state if state == LineStatus.CANCELLED else max(known, key=_LINE_RANK.__getitem__)

    def _states(
        self, lines: dict[str, tuple[int, bool]], parts: dict[str, list[tuple[int, Any]]]
    ) -> dict[str, LineStatus]:
        """Derive the states of lines, given as (quantity, cancelled) by number.

        A file that tells no parcels tells by its stage alone of units that are in none: they left with the order.
        """
        ended, gone = self.facts.stage == Status.CANCELLED, _GONE.get(Status(self.facts.stage))
        states = {}
        for number, (quantity, cancelled) in lines.items():
            packed = parts.get(number, ())
            states[number] = derive.line_status(quantity, packed, cancelled=ended or cancelled)
            missing = sum(units for units, _parcel in packed) < quantity
            if gone and missing and not self.facts.parcels and states[number] != LineStatus.CANCELLED:
                states[number] = gone
        return states

    def _times(self, status: Status) -> None:
        order, facts = self.order, self.facts
        if status in _SENT and (shipped := facts.shipped_at or _latest(facts.parcels, "shipped_at")):
            self._set(order, "shipped_at", shipped)
        if status in _SENT[2:] and (delivered := facts.delivered_at or _latest(facts.parcels, "delivered_at")):
            self._set(order, "delivered_at", delivered)
        if status == Status.CANCELLED and order.cancelled_at is None:
            self._set(order, "cancelled_at", facts.cancelled_at or self.now)

    def _entered(self, status: Status) -> datetime | None:
        order = self.order
        return {
            Status.TO_REVIEW: order.paid_at,
            Status.TO_SHIP: order.reviewed_at or order.paid_at,
            Status.DELIVERED: order.delivered_at,
            Status.COMPLETED: order.completed_at or order.delivered_at,
            Status.CANCELLED: order.cancelled_at,
        }.get(status, order.shipped_at)

    def _clocks(self, *, wound: bool) -> None:
        """Set the limits that follow from the order's times, and the steps that follow from these."""
        order, policy = self.order, self.shop.policy
        clocks = wind(
            *(policy, None),
            now=self.now,
            placed_at=order.placed_at,
            paid_at=order.paid_at,
            ship_by=order.ship_by,
            shipped_at=order.shipped_at,
            delivered_at=order.delivered_at,
            cancel_requested_at=order.cancel_requested_at,
        )
        for name in ("pay_by", "ship_by", "confirm_by", "answer_by"):
            if getattr(order, name) is None or (name == "pay_by" and "placed_at" in self.fields):
                self._set(order, name, getattr(clocks, name), tell=False)
        if wound:
            ahead = steps.planned(order, policy, now=self.now)
        else:
            ahead = steps.moved(order, policy, limits=self.fields, now=self.now)
        for name, value in ahead.values().items():
            self._set(order, name, value, tell=False)


_GONE_PARCEL = {
    Status.SHIPPED: ParcelStatus.IN_TRANSIT,
    Status.DELIVERED: ParcelStatus.DELIVERED,
    Status.COMPLETED: ParcelStatus.DELIVERED,
}


def _captured(stored: Iterable[Payment]) -> Decimal:
    return sum((payment.amount for payment in stored if payment.status == PaymentStatus.CAPTURED), ZERO)


def _better(old: str, new: str) -> str:
    """Choose between what is stored and what comes: something over nothing, plain over masked, then the newer."""
    return old if not new or (is_masked(new) and old and not is_masked(old)) else new


def _latest(told: Iterable[PaymentFacts | ParcelFacts], name: str) -> datetime | None:
    return max((time for time in map(attrgetter(name), told) if time is not None), default=None)
