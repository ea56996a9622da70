"""Orders and what hangs on them; the states stand in `orders/states.py`."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Case, F, Prefetch, Q, Value, When
from django.db.models.fields.generated import GeneratedField
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from orders.grams import Bigrams
from orders.models.goods import Buyer, Creator, Product, Sku, money, never_negative, one_of
from orders.states import (
    UNSHIPPED,
    Abnormal,
    AfterSales,
    CancelledBy,
    Flag,
    Kind,
    LineStatus,
    ParcelStatus,
    PaymentMethod,
    PaymentState,
    PaymentStatus,
    ShipmentState,
    Source,
    Status,
    TrackingCode,
)
from sellercenter.models import Member, Shop, ShopQuerySet

# What the order list can show or sort by; the rest of an order's many columns stays in the database.
LISTED = (
    *("shop_id", "number", "status", "placed_at", "paid_at", "shipped_at", "deadline_at", "cancel_requested_at"),
    *("buyer_nickname", "buyer_message", "province", "city", "currency", "total_amount", "paid_amount"),
    *("freight_amount", "refunded_amount", "payment_method", "payment_state", "shipment_state", "aftersales"),
    *("source", "flag", "seller_note", "note_count", "abnormal", "held", "refund_due", "answer_by"),
)


class OrderQuerySet(ShopQuerySet):
    """What can be asked of orders."""

    def with_parties(self) -> Self:
        """Load what a list row shows besides the order: lines with their creators, recipient, parcels."""
        lines = OrderLine.objects.only(
            *("order_id", "title", "variant", "quantity", "status", "position", "creator__name", "room", "video")
        ).select_related("creator")
        listed = self.only(*LISTED, "recipient__name_masked")
        return listed.select_related("recipient").prefetch_related(Prefetch("lines", lines))

    def with_details(self) -> Self:
        """Load what the detail page shows."""
        lines = OrderLine.objects.select_related("creator", "sku")
        parts = ParcelLine.objects.select_related("line", "parcel").order_by("parcel_id", "pk")
        return self.select_related("recipient", "buyer", "shop__policy").prefetch_related(
            Prefetch("lines", lines), Prefetch("lines__parts", parts), "payments"
        )


class Order(models.Model):
    """An order: who bought what for how much, where it stands, and until when somebody must act."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="orders", db_index=False)
    # Numbers compare byte by byte, so that the unique index also finds prefixes.
    number = models.CharField(_("order no."), max_length=64, db_collation="C")
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices, default=Kind.NORMAL)
    status = models.CharField(_("status"), max_length=16, choices=Status.choices, default=Status.UNPAID)
    status_at = models.DateTimeField(db_default=Now())
    raw_status = models.CharField(_("status at the platform"), max_length=40, blank=True)
    due_at = models.DateTimeField(_("next automatic step"), null=True, blank=True)
    due_step = models.CharField(max_length=20, blank=True)
    # What comes by itself after `due_step`, each [step, time]; fixed when it was planned.
    due_later = models.JSONField(db_default=Value([], models.JSONField()), default=list, blank=True)

    placed_at = models.DateTimeField(_("placed"))
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)
    shipped_at = models.DateTimeField(_("shipped"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    cancelled_by = models.CharField(_("cancelled by"), max_length=10, choices=CancelledBy.choices, blank=True)
    cancel_reason = models.CharField(_("cancel reason"), max_length=120, blank=True)
    cancel_requested_at = models.DateTimeField(_("cancel requested"), null=True, blank=True)
    cancel_wish = models.CharField(_("why the buyer wants to cancel"), max_length=120, blank=True, db_default="")
    answer_by = models.DateTimeField(_("answer the cancel request by"), null=True, blank=True)
    reminded_at = models.DateTimeField(_("reminded by a person"), null=True, blank=True)
    pay_by = models.DateTimeField(_("pay by"), null=True, blank=True)
    ship_by = models.DateTimeField(_("ship by"), null=True, blank=True)
    # A time that came with the order stays whatever the shop's policy becomes.
    ship_by_promised = models.BooleanField(_("ship-by time promised by the platform"), default=False, db_default=False)
    confirm_by = models.DateTimeField(_("receipt confirmed by"), null=True, blank=True)
    # The very end of the promise, so that what comes after it is late.
    deliver_by = models.DateTimeField(_("promised day of delivery"), null=True, blank=True)
    deadline_at = GeneratedField(
        expression=Case(
            When(status=Status.UNPAID, then=F("pay_by")),
            When(status__in=UNSHIPPED, then=F("ship_by")),
            When(status__in=(Status.SHIPPED, Status.DELIVERED), then=F("confirm_by")),
            default=Value(None),
        ),
        output_field=models.DateTimeField(_("deadline"), null=True),
        db_persist=True,
    )

    buyer = models.ForeignKey(Buyer, models.PROTECT, related_name="orders")
    buyer_nickname = models.CharField(_("buyer"), max_length=80, blank=True)
    buyer_message = models.TextField(_("buyer's message"), blank=True)
    province = models.CharField(_("province"), max_length=60, blank=True)
    city = models.CharField(_("city"), max_length=60, blank=True)
    district = models.CharField(_("district"), max_length=60, blank=True)

    currency = models.CharField(_("currency"), max_length=3)
    goods_amount = money(_("goods"))
    platform_discount = money(_("platform discount"))
    seller_discount = money(_("shop discount"))
    creator_discount = money(_("creator discount"))
    payment_discount = money(_("payment discount"))
    freight_amount = money(_("freight"))
    freight_discount = money(_("freight discount"))
    tax_amount = money(_("tax"))
    fee_amount = money(_("fees"))
    adjustment = money(_("price change by the seller"))
    total_amount = money(_("total"))
    paid_amount = money(_("paid amount"))
    refunded_amount = money(_("refunded amount"))
    refund_due = money(_("refund to make"))
    # On its way back: asked for, and neither there nor failed yet.
    refunding_amount = money(_("refund under way"))
    payment_method = models.CharField(_("payment method"), max_length=16, choices=PaymentMethod.choices, blank=True)
    payment_state = GeneratedField(
        expression=Case(
            When(refunded_amount__gt=0, refunded_amount__gte=F("paid_amount"), then=Value(PaymentState.REFUNDED)),
            When(refunded_amount__gt=0, then=Value(PaymentState.PART_REFUNDED)),
            When(paid_at__isnull=False, then=Value(PaymentState.PAID)),
            default=Value(PaymentState.UNPAID),
        ),
        output_field=models.CharField(_("payment"), max_length=16, choices=PaymentState.choices),
        db_persist=True,
    )
    shipment_state = GeneratedField(
        expression=Case(
            When(delivered_at__isnull=False, then=Value(ShipmentState.DELIVERED)),
            When(status=Status.PART_SHIPPED, then=Value(ShipmentState.PART)),
            When(shipped_at__isnull=False, then=Value(ShipmentState.SHIPPED)),
            default=Value(ShipmentState.NONE),
        ),
        output_field=models.CharField(_("shipment"), max_length=16, choices=ShipmentState.choices),
        db_persist=True,
    )
    aftersales = models.CharField(_("after-sales"), max_length=8, choices=AfterSales.choices, default=AfterSales.NONE)
    held = models.BooleanField(_("held"), default=False)
    held_reason = models.CharField(_("why it is held"), max_length=120, blank=True, db_default="")

    source = models.CharField(_("source"), max_length=10, choices=Source.choices, default=Source.SHOP)
    channel = models.CharField(_("app"), max_length=40, blank=True)
    flag = models.PositiveSmallIntegerField(_("flag"), choices=Flag.choices, null=True, blank=True)
    seller_note = models.CharField(_("seller note"), max_length=500, blank=True)
    note_count = models.PositiveIntegerField(default=0)
    abnormal = models.CharField(_("abnormal"), max_length=10, choices=Abnormal.choices, blank=True)
    abnormal_reason = models.CharField(_("what is wrong"), max_length=300, blank=True)
    abnormal_at = models.DateTimeField(null=True, blank=True)
    import_digest = models.BinaryField(max_length=16, default=b"", editable=False)
    updated_at = models.DateTimeField(db_default=Now())

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("order"), _("orders")
        constraints = [
            models.UniqueConstraint("shop", "number", name="order_number_once_per_shop"),
            models.UniqueConstraint("shop", "id", name="order_is_of_shop"),
            one_of("order_status_known", "status", Status.values),
            one_of("order_kind_known", "kind", Kind.values),
            one_of("order_source_known", "source", Source.values),
            one_of("order_aftersales_known", "aftersales", AfterSales.values),
            one_of("order_abnormal_known", "abnormal", ["", *Abnormal.values]),
            one_of("order_cancelled_by_known", "cancelled_by", ["", *CancelledBy.values]),
            one_of("order_payment_method_known", "payment_method", ["", *PaymentMethod.values]),
            models.CheckConstraint(name="order_flag_known", condition=Q(flag__isnull=True) | Q(flag__in=Flag.values)),
            models.CheckConstraint(name="order_number_not_empty", condition=~Q(number="")),
            models.CheckConstraint(name="order_currency_is_iso", condition=Q(currency__regex=r"^[A-Z]{3}$")),
            never_negative(
                "order_amounts_not_negative",
                *("goods_amount", "platform_discount", "seller_discount", "creator_discount", "payment_discount"),
                *("freight_amount", "freight_discount", "tax_amount", "fee_amount", "total_amount", "paid_amount"),
                *("refunded_amount", "refund_due", "refunding_amount"),
            ),
            models.CheckConstraint(
                name="order_refund_within_paid",
                condition=Q(paid_amount__gte=F("refunded_amount") + F("refunding_amount")),
            ),
            models.CheckConstraint(
                name="order_total_adds_up",
                condition=Q(
                    total_amount=F("goods_amount")
                    - F("platform_discount")
                    - F("seller_discount")
                    - F("creator_discount")
                    - F("payment_discount")
                    + F("freight_amount")
                    - F("freight_discount")
                    + F("tax_amount")
                    + F("fee_amount")
                    + F("adjustment")
                ),
            ),
            models.CheckConstraint(
                name="order_cancelled_has_time", condition=~Q(status=Status.CANCELLED) | Q(cancelled_at__isnull=False)
            ),
            models.CheckConstraint(
                name="order_abnormal_has_time",
                condition=Q(abnormal="", abnormal_at__isnull=True) | ~Q(abnormal="") & Q(abnormal_at__isnull=False),
            ),
            models.CheckConstraint(
                name="order_due_step_with_time",
                condition=Q(due_at__isnull=True, due_step="") | Q(due_at__isnull=False) & ~Q(due_step=""),
            ),
        ]
        indexes = [
            models.Index("shop", F("placed_at").desc(), F("id").desc(), name="order_newest"),
            models.Index("shop", "status", F("placed_at").desc(), F("id").desc(), name="order_newest_by_status"),
            models.Index("shop", "deadline_at", "id", name="order_by_deadline", condition=Q(deadline_at__isnull=False)),
            models.Index(
                *("shop", F("paid_at").desc(), F("id").desc()),
                name="order_by_payment",
                condition=Q(paid_at__isnull=False),
            ),
            models.Index("shop", F("total_amount").desc(), F("id").desc(), name="order_by_total"),
            models.Index(
                "shop", F("shipped_at").desc(), name="order_by_shipping", condition=Q(shipped_at__isnull=False)
            ),
            models.Index(
                *("shop", F("delivered_at").desc(), F("id").desc()),
                name="order_by_delivery",
                condition=Q(delivered_at__isnull=False),
            ),
            models.Index(
                *("shop", F("cancelled_at").desc(), F("id").desc()),
                name="order_by_cancelling",
                condition=Q(cancelled_at__isnull=False),
            ),
            models.Index("shop", "buyer", F("placed_at").desc(), name="order_of_buyer"),
            models.Index("shop", "province", "city", F("placed_at").desc(), name="order_by_region"),
            models.Index("shop", F("placed_at").desc(), name="order_abnormal", condition=~Q(abnormal="")),
            models.Index("shop", F("placed_at").desc(), name="order_in_aftersales", condition=Q(aftersales="open")),
            models.Index("shop", "flag", F("placed_at").desc(), name="order_flagged", condition=Q(flag__isnull=False)),
            models.Index("due_at", name="order_due", condition=Q(due_at__isnull=False)),
            models.Index("shop", F("placed_at").desc(), name="order_refund_due", condition=Q(refund_due__gt=0)),
            models.Index("shop", F("placed_at").desc(), name="order_held", condition=Q(held=True)),
            models.Index("shop", "answer_by", "id", name="order_by_answer", condition=Q(answer_by__isnull=False)),
            GinIndex("shop", OpClass(Lower("buyer_nickname"), "gin_trgm_ops"), name="order_nickname_trigrams"),
            GinIndex("shop", Bigrams(Lower("buyer_nickname")), name="order_nickname_bigrams"),
        ]

    def __str__(self) -> str:
        return self.number


class CancelPace(models.Model):
    """When the next late order of a shop may be cancelled by itself, and which turn in the queue for that is free."""

    shop = models.OneToOneField(Shop, models.CASCADE, primary_key=True, related_name="+")
    next_at = models.DateTimeField()
    queue_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.shop_id}: {self.next_at:%F %T}"


class Recipient(models.Model):
    """Where an order goes: private fields encrypted, a masked copy for eyes, an index for the exact phone."""

    order = models.OneToOneField(Order, models.CASCADE, primary_key=True, related_name="recipient", db_constraint=False)
    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    name_sealed = models.BinaryField(default=b"")
    phone_sealed = models.BinaryField(default=b"")
    address_sealed = models.BinaryField(default=b"")
    name_masked = models.CharField(_("recipient"), max_length=60, blank=True)
    phone_masked = models.CharField(_("phone"), max_length=40, blank=True)
    address_masked = models.CharField(_("address"), max_length=60, blank=True)
    postcode_masked = models.CharField(_("postcode"), max_length=20, blank=True)
    phone_index = models.BinaryField(max_length=16, default=b"")

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("recipient"), _("recipients")
        indexes = [models.Index("shop", "phone_index", name="recipient_phone", condition=~Q(phone_index=b""))]

    def __str__(self) -> str:
        return self.name_masked


class OrderLine(models.Model):
    """One position of an order, with its price, its part of the discounts, and who brought it."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", db_constraint=False, db_index=False)
    number = models.CharField(_("line no."), max_length=64)
    position = models.PositiveIntegerField(default=1)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    sku = models.ForeignKey(Sku, models.PROTECT, null=True, blank=True, related_name="+")
    title = models.CharField(_("title"), max_length=200)
    variant = models.CharField(_("variant"), max_length=120, blank=True)
    seller_sku = models.CharField(_("seller SKU"), max_length=64, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=LineStatus.choices, default=LineStatus.WAITING)
    quantity = models.PositiveIntegerField(_("quantity"))
    reserved = models.PositiveIntegerField(_("reserved"), db_default=0, default=0)
    list_price = money(_("list price"))
    unit_price = money(_("unit price"))
    platform_discount = money(_("platform discount"))
    seller_discount = money(_("shop discount"))
    creator_discount = money(_("creator discount"))
    payment_discount = money(_("payment discount"))
    freight_amount = money(_("freight"))
    tax_amount = money(_("tax"))
    amount = money(_("amount"))
    # Granted to the buyer by cases, whether it went back already or is under way.
    refunded_amount = money(_("refunded"))
    gift = models.BooleanField(_("gift"), default=False)
    cancel_reason = models.CharField(_("cancel reason"), max_length=120, blank=True)
    creator = models.ForeignKey(Creator, models.PROTECT, null=True, blank=True, related_name="+")
    room = models.CharField(_("live room"), max_length=64, blank=True)
    video = models.CharField(_("short video"), max_length=64, blank=True)
    commission_rate = models.DecimalField(_("commission rate"), max_digits=5, decimal_places=4, null=True, blank=True)
    commission_amount = money(_("commission"))
    # A copy, so that the newest orders of a product come straight from an index.
    placed_at = models.DateTimeField()

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("order line"), _("order lines")
        ordering = ["order_id", "position", "pk"]
        constraints = [
            models.UniqueConstraint("order", "number", name="line_number_once_per_order"),
            one_of("line_status_known", "status", LineStatus.values),
            models.CheckConstraint(name="line_quantity_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="line_reserves_its_units_at_most", condition=Q(reserved__lte=F("quantity"))),
            never_negative(
                "line_amounts_not_negative",
                *("list_price", "unit_price", "platform_discount", "seller_discount", "creator_discount"),
                *("payment_discount", "freight_amount", "tax_amount", "amount", "commission_amount", "refunded_amount"),
            ),
            models.CheckConstraint(name="line_refund_within_amount", condition=Q(refunded_amount__lte=F("amount"))),
            models.CheckConstraint(
                name="line_commission_rate_is_share",
                condition=Q(commission_rate__isnull=True) | Q(commission_rate__gte=0, commission_rate__lte=1),
            ),
            models.CheckConstraint(
                name="line_commission_has_creator", condition=Q(commission_amount=0) | Q(creator__isnull=False)
            ),
        ]
        indexes = [
            models.Index("shop", "product", F("placed_at").desc(), include=["order"], name="line_of_product"),
            models.Index("shop", F("placed_at").desc(), include=["order", "product"], name="line_newest"),
            models.Index(
                *("shop", "creator", F("placed_at").desc()),
                include=["order"],
                name="line_of_creator",
                condition=Q(creator__isnull=False),
            ),
            models.Index("shop", "seller_sku", name="line_of_seller_sku", condition=~Q(seller_sku="")),
        ]

    def __str__(self) -> str:
        return self.title


class Payment(models.Model):
    """Money that a buyer sent for an order, or tried to."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="payments", db_constraint=False, db_index=False)
    position = models.PositiveIntegerField(default=1)
    method = models.CharField(_("method"), max_length=16, choices=PaymentMethod.choices)
    status = models.CharField(_("status"), max_length=10, choices=PaymentStatus.choices, default=PaymentStatus.PENDING)
    transaction_no = models.CharField(_("transaction no."), max_length=80, blank=True)
    amount = money(_("amount"))
    refunded = money(_("refunded"))
    # On its way back: asked for, and neither there nor failed yet.
    refunding = money(_("refund under way"))
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("payment"), _("payments")
        ordering = ["order_id", "position", "pk"]
        constraints = [
            models.UniqueConstraint("order", "position", name="payment_position_once"),
            one_of("payment_method_known", "method", PaymentMethod.values),
            one_of("payment_status_known", "status", PaymentStatus.values),
            never_negative("payment_amounts_not_negative", "amount", "refunded", "refunding"),
            models.CheckConstraint(
                name="payment_refund_within_amount", condition=Q(amount__gte=F("refunded") + F("refunding"))
            ),
            # One transaction of a platform may pay several orders, but never one order twice.
            models.UniqueConstraint(
                "order", "transaction_no", condition=~Q(transaction_no=""), name="payment_transaction_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.amount}"


class Parcel(models.Model):
    """A parcel; it may carry lines of several orders, and an order may travel in several."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="parcels", db_index=False)
    carrier = models.CharField(_("carrier"), max_length=40, blank=True)
    tracking_no = models.CharField(_("tracking no."), max_length=64, blank=True, db_collation="C")
    status = models.CharField(_("status"), max_length=18, choices=ParcelStatus.choices, default=ParcelStatus.READY)
    shipped_at = models.DateTimeField(_("shipped"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    last_event_at = models.DateTimeField(_("last news"), null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("parcel"), _("parcels")
        constraints = [
            models.UniqueConstraint("shop", "id", name="parcel_is_of_shop"),
            models.UniqueConstraint(
                *("shop", "tracking_no", "carrier"), condition=~Q(tracking_no=""), name="parcel_tracking_once"
            ),
            one_of("parcel_status_known", "status", ParcelStatus.values),
        ]
        indexes = [models.Index("shop", "carrier", name="parcel_of_carrier")]

    def __str__(self) -> str:
        return self.tracking_no or f"{_('Parcel')} {self.pk}"


class ParcelLine(models.Model):
    """How many units of a line travel in a parcel."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    parcel = models.ForeignKey(Parcel, models.CASCADE, related_name="parts", db_constraint=False, db_index=False)
    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="parts")
    order = models.ForeignKey(Order, models.CASCADE, related_name="parcel_parts", db_constraint=False)
    quantity = models.PositiveIntegerField(_("quantity"))

    objects = ShopQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("parcel", "line", name="parcel_line_once"),
            models.CheckConstraint(name="parcel_line_quantity_positive", condition=Q(quantity__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.parcel_id}: {self.line_id} x {self.quantity}"


class TrackingEvent(models.Model):
    """One message of a carrier; they come late, twice and out of order."""

    parcel = models.ForeignKey(Parcel, models.CASCADE, related_name="events", db_index=False)
    code = models.CharField(max_length=18, choices=TrackingCode.choices, default=TrackingCode.INFO)
    at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now())
    site = models.CharField(max_length=120, blank=True)
    text = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint("parcel", "at", "code", "text", name="tracking_event_once"),
            one_of("tracking_code_known", "code", TrackingCode.values),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.at:%F %T}"


class OrderNote(models.Model):
    """What the team writes to itself about an order; only ever added to, so nobody's words get lost."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="notes", db_constraint=False, db_index=False)
    author = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    author_label = models.CharField(max_length=60)
    body = models.TextField(_("note"), max_length=2000)
    at = models.DateTimeField(db_default=Now())

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("note"), _("notes")
        ordering = ["at", "pk"]
        indexes = [models.Index("order", "at", name="note_of_order")]
        constraints = [models.CheckConstraint(name="note_not_empty", condition=~Q(body=""))]

    def __str__(self) -> str:
        return self.body[:40]


class PastedNumbers(models.Model):
    """Numbers pasted to look up at once; an address of 500 numbers would be too long, so it names this."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+")
    member = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    numbers = ArrayField(models.CharField(max_length=64))
    pasted_at = models.DateTimeField(db_default=Now())

    objects = ShopQuerySet.as_manager()

    class Meta:
        indexes = [models.Index("pasted_at", name="pasted_by_age")]
        constraints = [
            models.CheckConstraint(name="pasted_at_most_500", condition=Q(numbers__len__gt=0, numbers__len__lte=500)),
        ]

    def __str__(self) -> str:
        return f"{len(self.numbers)} numbers"
