"""Verbs on what the shop sells: products and SKUs as somebody tells of them come in or are brought up to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from orders.facts import ZERO, LineFacts
from orders.loading.parties import register_goods
from orders.models import Product, Sku
from sellercenter import events
from sellercenter.locks import once_more
from sellercenter.models import Shop
from sellercenter.permissions import Actor, Perm


@dataclass(frozen=True, slots=True)
class GoodsTold:
    """What somebody says of a product and one of its SKUs, or of the product alone; what is empty or None is kept."""

    product_no: str
    title: str = ""
    sku_no: str = ""
    code: str = ""
    variant: str = ""
    price: Decimal | None = None

    def sku(self) -> dict[str, Any]:
        """Return what is said of the SKU, by its columns."""
        told = {"code": self.code, "variant": self.variant, "price": self.price}
        return {name: value for name, value in told.items() if value not in ("", None)}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a telling does: it is `new`, `changes` something, or does nothing; `problem` says why it can't be taken."""

    new: bool = False
    changes: bool = False
    problem: str = ""


@dataclass
class Stored:
    """Titles of products by their numbers; SKUs by theirs, each as its product's number and its columns."""

    titles: dict[str, str]
    skus: dict[str, tuple[str, dict[str, Any]]]

    def answer(self, told: GoodsTold) -> Answer:
        """Return what a telling does, and count it as done for those that come after it."""
        before, (owner, columns) = self.titles.get(told.product_no), self.skus.get(told.sku_no, (told.product_no, None))
        if before is None and not told.title:
            return Answer(problem=_("The product is not known here yet. Give its title."))
        if owner != told.product_no:
            return Answer(problem=_("This SKU belongs to the product %s already.") % owner)
        retitled = bool(told.title) and before != told.title
        self.titles[told.product_no] = told.title or before or ""
        if not told.sku_no:
            return Answer(new=before is None, changes=retitled)
        differs = columns is not None and any(columns[name] != value for name, value in told.sku().items())
        self.skus[told.sku_no] = (owner, (columns or _BARE) | told.sku())
        return Answer(new=columns is None, changes=retitled or differs)


_BARE: dict[str, Any] = {"code": "", "variant": "", "price": ZERO}


def stored(shop: Shop, told: Iterable[GoodsTold]) -> Stored:
    """Return what the shop has of the products and SKUs that are told of, in two queries."""
    products, skus = {one.product_no for one in told}, {one.sku_no for one in told if one.sku_no}
    titles = Product.objects.for_shop(shop).filter(number__in=products).values_list("number", "title")
    known = Sku.objects.for_shop(shop).filter(number__in=skus).values("number", "product__number", *_BARE)
    found = {one.pop("number"): (one.pop("product__number"), one) for one in known}
    return Stored(dict(titles), found)


@once_more
@transaction.atomic
def put(shop: Shop, told: Sequence[GoodsTold], *, by: Actor) -> list[Answer]:
    """Bring products and SKUs in, and those that are there up to what is told; return what each telling did.

    All or none: one that has a problem is left out, and what the database refuses takes the others along.
    """
    by.require(Perm.IMPORTS_RUN)
    state = stored(shop, told)
    answers = [state.answer(one) for one in told]
    taken = [one for one, answer in zip(told, answers, strict=True) if answer.new or answer.changes]
    if taken:
        register_goods(shop, [_line(one, state.titles[one.product_no]) for one in taken])
        _retitle(shop, {one.product_no: one.title for one in taken if one.title}, by)
        _change(shop, {one.sku_no: one for one in taken if one.sku_no}, by)
        new = sum(answer.new for answer in answers)
        events.record(shop, "stock.goods_uploaded", shop, by=by, new=new, changed=len(taken) - new)
    return answers


def _line(told: GoodsTold, title: str) -> LineFacts:
    """Tell of the goods as the line of an order would, by which they come in as well."""
    price = told.price or ZERO
    return LineFacts(
        *("", told.product_no, title, 1, price, price),
        sku_number=told.sku_no,
        variant=told.variant,
        seller_sku=told.code,
    )


def _retitle(shop: Shop, titles: dict[str, str], by: Actor) -> None:
    """Give products other titles, those that differ."""
    # In one order everywhere, so that two uploads at once wait for each other and never in a circle.
    found = Product.objects.for_shop(shop).filter(number__in=titles).order_by("pk").select_for_update(no_key=True)
    changed = [product for product in found if product.title != titles[product.number]]
    before = {product.pk: product.title for product in changed}
    for product in changed:
        product.title = titles[product.number]
    Product.objects.bulk_update(changed, ["title"])
    events.record_all(
        *("product.retitled", changed),
        by=by,
        data=lambda product: {"before": before[product.pk], "after": product.title},
    )


def _change(shop: Shop, told: dict[str, GoodsTold], by: Actor) -> None:
    """Give SKUs other codes, variants and prices, those that differ."""
    found = Sku.objects.for_shop(shop).filter(number__in=told).order_by("pk").select_for_update(no_key=True)
    changes: dict[int, dict[str, dict[str, Any]]] = {}
    changed = []
    for sku in found.only("shop_id", "number", *_BARE):
        after = {name: value for name, value in told[sku.number].sku().items() if getattr(sku, name) != value}
        if after:
            changes[sku.pk] = {"before": {name: str(getattr(sku, name)) for name in after}}
            changes[sku.pk]["after"] = {name: str(value) for name, value in after.items()}
            for name, value in after.items():
                setattr(sku, name, value)
            changed.append(sku)
    Sku.objects.bulk_update(changed, [*_BARE])
    events.record_all("sku.changed", changed, by=by, data=lambda sku: changes[sku.pk])
