"""What a shop sells and to whom: buyers, creators, products, SKUs with their stock."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.fields.generated import GeneratedField
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from orders.states import (
    StockKind,
)
from sellercenter.models import Member, Shop, ShopQuerySet
from sellercenter.texts import Text


def money(label: Text, **options: object) -> models.DecimalField:
    """Declare an amount in the order's currency: 14 digits, two of them after the point."""
    return models.DecimalField(label, max_digits=14, decimal_places=2, db_default=0, default=0, **options)  # type: ignore[arg-type]


def one_of(name: str, field: str, values: list[str] | list[int]) -> models.CheckConstraint:
    """Declare that a column holds nothing but these words."""
    return models.CheckConstraint(name=name, condition=Q(**{f"{field}__in": values}))


def never_negative(name: str, *fields: str) -> models.CheckConstraint:
    """Declare that none of these columns falls below zero."""
    return models.CheckConstraint(name=name, condition=Q(**{f"{field}__gte": 0 for field in fields}))


# Keys that lead another index of their table get none of their own: each index is paid for with every row.


class Buyer(models.Model):
    """A person who buys, known by the platform's id; never by a name or a masked value."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="buyers", db_index=False)
    uid = models.CharField(_("platform id"), max_length=64)
    nickname = models.CharField(_("nickname"), max_length=80, blank=True)
    relay_email = models.EmailField(_("relay e-mail"), blank=True)
    tags = ArrayField(models.CharField(max_length=30), default=list, blank=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("buyer"), _("buyers")
        constraints = [models.UniqueConstraint("shop", "uid", name="buyer_uid_once_per_shop")]

    def __str__(self) -> str:
        return self.nickname or self.uid


class Creator(models.Model):
    """A host or video author who brings orders."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="creators", db_index=False)
    number = models.CharField(_("creator id"), max_length=64)
    name = models.CharField(_("name"), max_length=80)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("creator"), _("creators")
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint("shop", "number", name="creator_number_once_per_shop")]

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """Something the shop sells."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="products", db_index=False)
    number = models.CharField(_("product id"), max_length=64)
    title = models.CharField(_("title"), max_length=200)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("product"), _("products")
        ordering = ["title", "pk"]
        constraints = [models.UniqueConstraint("shop", "number", name="product_number_once_per_shop")]
        indexes = [GinIndex("shop", OpClass(Lower("title"), "gin_trgm_ops"), name="product_title_trigrams")]

    def __str__(self) -> str:
        return self.title


class Sku(models.Model):
    """One variant of a product, with the seller's own code."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="skus", db_index=False)
    product = models.ForeignKey(Product, models.CASCADE, related_name="skus")
    number = models.CharField(_("SKU id"), max_length=64)
    code = models.CharField(_("seller SKU"), max_length=64, blank=True)
    variant = models.CharField(_("variant"), max_length=120, blank=True)
    price = money(_("price"))
    # Stock counts only once somebody has told how much there is; until then a SKU can always be sold.
    tracked = models.BooleanField(_("stock is counted"), db_default=False, default=False)
    on_hand = models.PositiveIntegerField(_("on hand"), db_default=0, default=0)
    reserved = models.PositiveIntegerField(_("reserved"), db_default=0, default=0)
    available = GeneratedField(
        expression=F("on_hand") - F("reserved"),
        output_field=models.IntegerField(_("available")),
        db_persist=True,
    )
    low_at = models.PositiveIntegerField(_("low stock"), null=True, blank=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("SKU"), _("SKUs")
        constraints = [
            models.UniqueConstraint("shop", "number", name="sku_number_once_per_shop"),
            models.UniqueConstraint("shop", "id", name="sku_is_of_shop"),
            never_negative("sku_price_not_negative", "price"),
            never_negative("sku_stock_not_negative", "on_hand", "reserved"),
            models.CheckConstraint(name="sku_available_not_negative", condition=Q(reserved__lte=F("on_hand"))),
            models.CheckConstraint(name="sku_untracked_has_no_stock", condition=Q(tracked=True) | Q(on_hand=0)),
        ]
        indexes = [
            models.Index("shop", "code", name="sku_code"),
            models.Index("shop", "available", "id", name="sku_by_available", condition=Q(tracked=True)),
        ]

    def __str__(self) -> str:
        return self.number


class StockMovement(models.Model):
    """One change of a SKU's stock; their sums are the stock, so every unit can be accounted for."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_index=False)
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="movements", db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=StockKind.choices)
    on_hand = models.IntegerField(_("change on hand"), default=0)
    reserved = models.IntegerField(_("change reserved"), default=0)
    order = models.ForeignKey("Order", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    line = models.ForeignKey("OrderLine", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    actor_label = models.CharField(max_length=60)
    member = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("stock movement"), _("stock movements")
        ordering = ["-at", "-pk"]
        constraints = [
            one_of("movement_kind_known", "kind", StockKind.values),
            models.CheckConstraint(name="movement_moves_something", condition=~Q(on_hand=0) | ~Q(reserved=0)),
            # A line's units are reserved once and given back once, whoever asks how often.
            models.UniqueConstraint("line", "kind", condition=Q(kind__in=["reserve", "release"]), name="movement_once"),
        ]
        indexes = [
            models.Index("sku", F("at").desc(), F("id").desc(), name="movement_of_sku"),
            models.Index("order", name="movement_of_order", condition=Q(order__isnull=False)),
            models.Index("shop", F("at").desc(), F("id").desc(), name="movement_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.sku_id}: {self.on_hand:+d}/{self.reserved:+d}"
