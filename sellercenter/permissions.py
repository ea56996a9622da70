"""Who may do what: the vocabulary of rights, the stock roles, and the actor that every verb asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from sellercenter.models import Member


class Perm(models.TextChoices):
    """One word for each right; pages, moves and roles name these and nothing else."""

    ORDERS_VIEW = "orders.view", _("See orders")
    ORDERS_NOTE = "orders.note", _("Write notes and set flags")
    ORDERS_MARK = "orders.mark", _("Mark orders as abnormal")
    ORDERS_PRICE = "orders.price", _("Change price and freight before payment")
    ORDERS_ADDRESS = "orders.address", _("Change delivery addresses")
    ORDERS_REVIEW = "orders.review", _("Review orders: approve or hold")
    ORDERS_MERGE = "orders.merge", _("Merge and split orders")
    ORDERS_CANCEL = "orders.cancel", _("Cancel orders")
    ORDERS_REMIND = "orders.remind", _("Remind buyers to pay")
    WAYBILLS_PRINT = "waybills.print", _("Print waybills and picking lists")
    PARCELS_PACK = "parcels.pack", _("Pick, pack and scan")
    PARCELS_SHIP = "parcels.ship", _("Ship and edit tracking numbers")
    TRACKING_WATCH = "tracking.watch", _("Watch tracking and open logistics tickets")
    AFTERSALES_VIEW = "aftersales.view", _("See after-sales cases")
    AFTERSALES_DECIDE = "aftersales.decide", _("Decide after-sales cases")
    REFUNDS_MAKE = "refunds.make", _("Make refunds")
    REFUNDS_CONFIRM = "refunds.confirm", _("Confirm refunds above the limit")
    DISPUTES_HANDLE = "disputes.handle", _("Handle disputes and appeals")
    MESSAGES_ANSWER = "messages.answer", _("Answer buyers and reviews")
    PRIVATE_REVEAL = "private.reveal", _("Reveal a buyer's name, phone or address")
    EXPORTS_CREATE = "exports.create", _("Export lists, masked")
    EXPORTS_PRIVATE = "exports.private", _("Export buyers' private data")
    IMPORTS_RUN = "imports.run", _("Import orders, stock and tracking numbers")
    FIGURES_VIEW = "figures.view", _("See figures and reports")
    SETTLEMENT_VIEW = "settlement.view", _("See settlements and fees")
    STOCK_EDIT = "stock.edit", _("Change stock")
    VIEWS_SHARE = "views.share", _("Share saved views with the team")
    LOG_VIEW = "log.view", _("See the operation log")
    POLICIES_EDIT = "policies.edit", _("Change the shop's policies")
    MEMBERS_MANAGE = "members.manage", _("Manage sub-accounts and roles")


ALL_PERMS: frozenset[str] = frozenset(Perm.values)


class StockRole(models.TextChoices):
    """The roles that every shop starts with; a shop may change them or add its own."""

    MANAGER = "manager", _("Manager")
    VIEW_ONLY = "view_only", _("View only")
    AFTER_SALES = "after_sales", _("After-sales")
    SHIPPING = "shipping", _("Shipping")
    REVIEWER = "reviewer", _("Reviewer")
    PRINTING = "printing", _("Printing")
    PACKING = "packing", _("Picking and packing")
    LOGISTICS = "logistics", _("Logistics")
    SERVICE = "service", _("Customer service")
    FINANCE = "finance", _("Finance")
    DATA = "data", _("Data")


_P = Perm
STOCK_ROLES: dict[StockRole, frozenset[str]] = {
    StockRole.MANAGER: ALL_PERMS - {_P.POLICIES_EDIT, _P.EXPORTS_PRIVATE},
    StockRole.VIEW_ONLY: frozenset({_P.ORDERS_VIEW, _P.AFTERSALES_VIEW}),
    StockRole.AFTER_SALES: frozenset(
        {_P.ORDERS_VIEW, _P.ORDERS_NOTE, _P.ORDERS_MARK, _P.ORDERS_CANCEL, _P.AFTERSALES_VIEW, _P.AFTERSALES_DECIDE}
        | {_P.REFUNDS_MAKE, _P.DISPUTES_HANDLE, _P.MESSAGES_ANSWER, _P.PRIVATE_REVEAL, _P.TRACKING_WATCH}
    ),
    StockRole.SHIPPING: frozenset(
        {_P.ORDERS_VIEW, _P.ORDERS_NOTE, _P.ORDERS_MARK, _P.WAYBILLS_PRINT, _P.PARCELS_PACK, _P.PARCELS_SHIP}
        | {_P.TRACKING_WATCH}
    ),
    StockRole.REVIEWER: frozenset(
        {_P.ORDERS_VIEW, _P.ORDERS_NOTE, _P.ORDERS_MARK, _P.ORDERS_PRICE, _P.ORDERS_ADDRESS, _P.ORDERS_REVIEW}
        | {_P.ORDERS_MERGE, _P.ORDERS_CANCEL, _P.ORDERS_REMIND, _P.PRIVATE_REVEAL}
    ),
    StockRole.PRINTING: frozenset({_P.ORDERS_VIEW, _P.WAYBILLS_PRINT, _P.PARCELS_SHIP, _P.ORDERS_MERGE}),
    StockRole.PACKING: frozenset({_P.ORDERS_VIEW, _P.WAYBILLS_PRINT, _P.PARCELS_PACK, _P.PARCELS_SHIP, _P.STOCK_EDIT}),
    StockRole.LOGISTICS: frozenset(
        {_P.ORDERS_VIEW, _P.ORDERS_NOTE, _P.ORDERS_MARK, _P.WAYBILLS_PRINT, _P.PARCELS_SHIP, _P.TRACKING_WATCH}
        | {_P.PRIVATE_REVEAL}
    ),
    StockRole.SERVICE: frozenset(
        {_P.ORDERS_VIEW, _P.ORDERS_NOTE, _P.ORDERS_MARK, _P.ORDERS_REMIND, _P.ORDERS_ADDRESS, _P.AFTERSALES_VIEW}
        | {_P.MESSAGES_ANSWER, _P.PRIVATE_REVEAL, _P.TRACKING_WATCH}
    ),
    StockRole.FINANCE: frozenset(
        {_P.ORDERS_VIEW, _P.AFTERSALES_VIEW, _P.REFUNDS_MAKE, _P.REFUNDS_CONFIRM, _P.EXPORTS_CREATE}
        | {_P.SETTLEMENT_VIEW, _P.FIGURES_VIEW}
    ),
    StockRole.DATA: frozenset({_P.ORDERS_VIEW, _P.EXPORTS_CREATE, _P.FIGURES_VIEW}),
}


class ActorKind(models.TextChoices):
    """What sort of somebody acted; kept with every event."""

    MEMBER = "member", _("Member")
    SYSTEM = "system", _("System")
    BUYER = "buyer", _("Buyer")
    CHANNEL = "channel", _("Platform")
    ADMIN = "admin", _("Administrator")


@dataclass(frozen=True)
class Actor:
    """Who acts, and with which rights; every verb takes one as `by`."""

    kind: ActorKind
    label: str
    perms: frozenset[str] = field(default=frozenset(), repr=False)
    member_id: int | None = None

    def may(self, perm: str) -> bool:
        """Say whether this actor holds the right; an unknown word is a programming mistake and raises."""
        return Perm(perm).value in self.perms

    def may_all(self, perms: Iterable[str]) -> bool:
        """Say whether this actor holds each of the rights."""
        return all(self.may(perm) for perm in perms)

    def require(self, perm: str) -> None:
        """Raise PermissionDenied unless this actor holds the right."""
        if not self.may(perm):
            raise PermissionDenied(f"{self.label} lacks {perm}")

    @property
    def is_outside(self) -> bool:
        """Say whether this is the system, a buyer or the platform: those need no right, but never a person's door."""
        return self.kind in (ActorKind.SYSTEM, ActorKind.BUYER, ActorKind.CHANNEL)


SYSTEM = Actor(ActorKind.SYSTEM, "system", ALL_PERMS)
BUYER = Actor(ActorKind.BUYER, "buyer")
CHANNEL = Actor(ActorKind.CHANNEL, "channel", ALL_PERMS)


def actor_for(member: Member) -> Actor:
    """Build the actor of a member: the owner holds every right, everybody else what the role lists."""
    if not member.active:
        return Actor(ActorKind.MEMBER, member.label, frozenset(), member.pk)
    perms = ALL_PERMS if member.owner else frozenset(member.role.perms) & ALL_PERMS if member.role else frozenset()
    return Actor(ActorKind.MEMBER, member.label, perms, member.pk)


def admin_actor(username: str) -> Actor:
    """Build the actor of a platform administrator at work in Django admin."""
    return Actor(ActorKind.ADMIN, username, ALL_PERMS)
