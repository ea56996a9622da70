"""What reviews speak of: from the numbers that are told to order, line and product, in four queries for many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.translation import gettext as _

from orders.models import Order, OrderLine, Product, Sku
from sellercenter.lifecycle import Refused
from sellercenter.models import Shop


class Named(Protocol):
    """The numbers by which a review names what it speaks of; any of them may be empty."""

    @property
    def order(self) -> str:
        """The number of the order."""

    @property
    def line(self) -> str:
        """The number of the line in its order."""

    @property
    def sku(self) -> str:
        """The number of the SKU."""

    @property
    def product(self) -> str:
        """The number of the product."""


@dataclass(frozen=True)
class Place:
    """The records behind the numbers; a product is always known."""

    product_id: int
    order_id: int | None = None
    line_id: int | None = None
    buyer_id: int | None = None
    nickname: str = ""


@dataclass(frozen=True)
class Goods:
    """The orders with their lines, the SKUs and the products that some reviews name."""

    orders: dict[str, dict[str, Any]]
    lines: dict[int, list[dict[str, Any]]]
    skus: dict[str, int]
    products: dict[str, int]

    def place(self, named: Named) -> Place:
        """Return what one review speaks of; raises Refused with what is missing."""
        if not named.order:
            return Place(self._product(named))
        order = self.orders.get(named.order)
        if order is None:
            raise Refused(_("This shop has no order with the number “%s”.") % named.order[:64], "no_order")
        line, sure = self._line(named, order)
        buyer = {"buyer_id": order["buyer_id"], "nickname": order["buyer_nickname"]}
        return Place(line["product_id"], order["id"], line["id"] if sure else None, **buyer)

    def _line(self, named: Named, order: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """Return the line that is meant, and whether it is surely this one."""
        lines = self.lines[order["id"]]
        for field, number in (("number", named.line), ("sku__number", named.sku), ("product__number", named.product)):
            if number:
                lines = [one for one in lines if one[field] == number]
        if not lines:
            raise Refused(_("The order “%s” has no such line.") % named.order[:64], "no_line")
        # A review of a whole order of several goods counts for the first of them.
        return lines[0], len(lines) == 1

    def _product(self, named: Named) -> int:
        found = self.products.get(named.product) or self.skus.get(named.sku)
        if not (named.product or named.sku):
            raise Refused(_("Name the order, the SKU or the product that the review is about."), "no_product")
        if found is None:
            raise Refused(
                _("This shop has no product with the number “%s”.") % (named.product or named.sku)[:64], "no_product"
            )
        return found


def goods_of(shop: Shop, told: Iterable[Named]) -> Goods:
    """Read what the told reviews name, in at most four queries."""
    told = list(told)
    orders = Order.objects.for_shop(shop).filter(number__in={one.order for one in told if one.order})
    rows = orders.values("id", "number", "buyer_id", "buyer_nickname")
    found: dict[str, dict[str, Any]] = {one["number"]: {**one} for one in rows}
    apart = [one for one in told if not one.order]
    skus = Sku.objects.for_shop(shop).filter(number__in={one.sku for one in apart if one.sku})
    products = Product.objects.for_shop(shop).filter(number__in={one.product for one in apart if one.product})
    return Goods(
        found,
        _lines(shop, [one["id"] for one in found.values()]),
        dict(skus.values_list("number", "product_id")),
        dict(products.values_list("number", "pk")),
    )


def _lines(shop: Shop, orders: list[int]) -> dict[int, list[dict[str, Any]]]:
    columns = ("id", "order_id", "number", "sku__number", "product_id", "product__number")
    rows = OrderLine.objects.for_shop(shop).filter(order__in=orders).order_by("order_id", "position", "pk")
    lines: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for line in rows.values(*columns):
        lines[line["order_id"]].append(line)
    return lines
