"""What can be done with many orders at once: on which orders, with what outcome, and how one of them is done.

A bulk action has two screens. The first one counts by the lifecycle how many orders will and how many won't; then a job
does the orders one by one, through the same verbs as everywhere, and keeps what became of each.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.core import signing
from django.db.models import Case, Count, Max, QuerySet, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import actions, fulfilment
from orders.filters import matching
from orders.lifecycle import ORDER
from orders.models import Order
from orders.states import Abnormal, Status
from sellercenter import jobs, privacy
from sellercenter.lifecycle import Refused
from sellercenter.models import Job, JobItem, Member, Shop
from sellercenter.permissions import Actor, Perm
from sellercenter.texts import Text

# Seconds for which a choice of orders may be looked at before the work is started; it waits in the person's session.
VALID_FOR = 3600
MOST_TICKED = 500
_SALT = "orders.bulk"


@dataclass(frozen=True)
class Chosen:
    """Which orders are meant: those ticked, or every order of the shop that a list's address finds.

    Orders that came in after the first screen, which are those with a key above `upto`, are not meant; `at` is the
    moment to which filters such as "overdue" refer.
    """

    at: str
    upto: int
    query: str
    ids: tuple[int, ...] = ()
    every: bool = False

    @classmethod
    def of(cls, shop: Shop, *, ids: Sequence[int], query: str, every: bool, now: datetime) -> Self:
        """Choose among the orders that the shop has at this moment; raises Refused when nothing is chosen."""
        if not every and not ids:
            raise Refused(_("Tick some orders first."), "nothing_chosen")
        if len(ids) > MOST_TICKED:
            raise Refused(_("At most %s orders can be ticked at once.") % MOST_TICKED, "too_many")
        newest = Order.objects.for_shop(shop).aggregate(pk=Max("pk"))["pk"] or 0
        return cls(now.isoformat(), newest, query, () if every else tuple(sorted(set(ids))), every)

    def rows(self, shop: Shop) -> QuerySet[Order]:
        """Return the chosen orders of the shop; raises Refused when the address makes no sense any more."""
        if not self.every:
            return Order.objects.for_shop(shop).filter(pk__in=self.ids)
        found = matching(shop, self.query, now=datetime.fromisoformat(self.at))
        return found.filter(pk__lte=self.upto)

    def plain(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {"at": self.at, "upto": self.upto, "query": self.query, "ids": list(self.ids), "every": self.every}

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Self:
        """Read what `plain` returned."""
        return cls(kept["at"], kept["upto"], kept["query"], tuple(kept["ids"]), kept["every"])

    def seal(self, member: Member) -> str:
        """Encrypt the choice, as its filter can hold a phone; it opens for this person alone, and not for long."""
        text = privacy.encrypt(json.dumps(self.plain()), shop_id=member.shop_id, place=f"{_SALT}|{member.pk}")
        return signing.TimestampSigner(salt=_SALT).sign(b64encode(text).decode())

    @classmethod
    def unseal(cls, text: str, member: Member) -> Self:
        """Read an encrypted choice; raises Refused when it was changed, is too old or belongs to somebody else."""
        try:
            kept = b64decode(signing.TimestampSigner(salt=_SALT).unsign(text, max_age=VALID_FOR))
            plain = privacy.decrypt(kept, shop_id=member.shop_id, place=f"{_SALT}|{member.pk}")
        except (signing.BadSignature, privacy.Unreadable):
            raise Refused(_("This choice of orders can't be used any more. Choose them again."), "bad_choice") from None
        return cls.read(json.loads(plain))


@dataclass(frozen=True)
class BulkAction:
    """One action on many orders. `move` names the move of the lifecycle behind it, which says what is possible.

    `act` gets the order, the form's values, what was given for this order alone, and who acts; `act_all` does several
    orders that fit the move at once.
    """

    code: str
    label: Text
    icon: str
    permission: Perm
    act: Callable[[Order, dict[str, Any], str, Actor], object]
    move: str = ""
    act_all: Callable[[Sequence[Order], dict[str, Any], Actor], None] | None = None
    danger: bool = False

    @property
    def kind(self) -> str:
        """The code of the kind of job that does it."""
        return f"orders.{self.code}"

    @property
    def url_name(self) -> str:
        """The name of the page with the first screen."""
        return f"order_bulk_{self.code}"


def _flag(order: Order, values: dict[str, Any], given: str, by: Actor) -> None:
    actions.set_flag(order, flag=values["flag"], by=by)


def _mark(order: Order, values: dict[str, Any], given: str, by: Actor) -> None:
    actions.mark_abnormal(order, kind=Abnormal(values["kind"]), reason=values["reason"], by=by)


def _remind(order: Order, values: dict[str, Any], given: str, by: Actor) -> None:
    actions.remind(order, coupon=values["coupon"], by=by)


def _approve(order: Order, values: dict[str, Any], given: str, by: Actor) -> None:
    actions.approve(order, by=by)


def _cancel(order: Order, values: dict[str, Any], given: str, by: Actor) -> None:
    actions.cancel(order, reason=values["reason"], by=by)


def _cancel_all(orders: Sequence[Order], values: dict[str, Any], by: Actor) -> None:
    actions.cancel_all(orders, reason=values["reason"], now=orders[0].now_there, by=by)  # type: ignore[attr-defined]


def _ship(order: Order, values: dict[str, Any], given: str, by: Actor) -> None:
    fulfilment.ship(order, carrier=values["carrier"], tracking_no=given, by=by)


_P = Perm
ACTIONS = (
    BulkAction("approve", gettext_lazy("Approve"), "clipboard-check", _P.ORDERS_REVIEW, _approve, "approve"),
    BulkAction("ship", gettext_lazy("Ship"), "truck-delivery", _P.PARCELS_SHIP, _ship, "ship"),
    BulkAction("remind", gettext_lazy("Remind to pay"), "hourglass", _P.ORDERS_REMIND, _remind, "remind"),
    BulkAction("flag", gettext_lazy("Flag"), "flag-filled", _P.ORDERS_NOTE, _flag),
    BulkAction("mark", gettext_lazy("Mark abnormal"), "alert-triangle", _P.ORDERS_MARK, _mark),
    BulkAction(
        *("cancel", gettext_lazy("Cancel orders"), "ban", _P.ORDERS_CANCEL, _cancel, "cancel", _cancel_all), danger=True
    ),
)


@dataclass(frozen=True)
class Forecast:
    """How many orders an action will do, and how many it won't for each reason."""

    will: int
    wont: dict[str, int]

    @property
    def total(self) -> int:
        """How many orders are chosen."""
        return self.will + sum(self.wont.values())


def forecast(rows: QuerySet[Order], action: BulkAction) -> Forecast:
    """Count what would become of the orders now, by the rules of the lifecycle and in one query."""
    move = ORDER.moves.get(action.move)
    fits = Case(When(move.where, then=True), default=False) if move and move.where else Value(True)
    alike = rows.annotate(fits=fits).order_by("status").values_list("status", "fits")
    will, wont = 0, dict[str, int]()
    for status, fitting, many in alike.annotate(many=Count("pk")):
        if move and status not in move.sources:
            reason = _("The state is “%s”.") % Status(status).label
        elif not fitting and move:
            reason = str(move.why_not)
        else:
            will += many
            continue
        wont[reason] = wont.get(reason, 0) + many
    return Forecast(will, wont)


def start(
    action: BulkAction,
    chosen: Chosen,
    *,
    values: dict[str, Any],
    lines: Sequence[tuple[int, str, str]] | None = None,
    member: Member,
    by: Actor,
) -> Job:
    """Let a job do the action on the chosen orders.

    `values` are the form's. With `lines`, each the key of an order, its number and what is given for it, the job does
    these orders alone.
    """
    meant = {**chosen.plain(), "lines": lines}
    return jobs.create(member.shop, action.kind, params={"chosen": meant, "values": values}, by=by, member=member)


def _prepare(job: Job) -> int:
    """Write the job's items: one for each chosen order, or for each pasted line."""
    meant = job.params["chosen"]
    if meant["lines"] is None:
        return jobs.fill(job, Chosen.read(meant).rows(job.shop), label="number")
    return jobs.fill_from(job, meant["lines"])


def _load(job: Job, keys: Sequence[int]) -> dict[int, Order]:
    """Lock the orders in the order of their keys and load what the verbs read, with the database's now."""
    found = Order.objects.for_shop(job.shop).filter(pk__in=keys).order_by("pk")
    orders: dict[int, Order] = {order.pk: order for order in found.annotate(now_there=Now()).select_for_update()}
    for order in orders.values():
        order.shop = job.shop  # with its policy, read once for all of them
    return orders


def _fitting(action: BulkAction, orders: Sequence[Order]) -> list[Order]:
    """Return those of the locked orders that the action's move accepts as they are."""
    move = ORDER.moves[action.move]
    alike = Order.objects.filter(pk__in=[order.pk for order in orders], status__in=move.sources).filter(move.where)
    keys = set(alike.values_list("pk", flat=True))
    return [order for order in orders if order.pk in keys]


def _kind(action: BulkAction) -> jobs.JobKind:
    def _act(job: Job, item: JobItem, order: Order, by: Actor) -> object:
        return action.act(order, job.params["values"], item.given, by)

    def _act_all(job: Job, found: Sequence[tuple[JobItem, Order]], by: Actor) -> list[JobItem]:
        assert action.act_all
        orders = _fitting(action, [order for _item, order in found])
        if orders:
            action.act_all(orders, job.params["values"], by)
        return [item for item, order in found if order in orders]

    return jobs.JobKind(
        *(action.kind, action.label, action.permission, _prepare, _load, _act),
        act_all=_act_all if action.act_all else None,
        record_url="order_detail",
    )


JOB_KINDS = [_kind(action) for action in ACTIONS]
