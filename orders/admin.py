"""Django admin of orders: state is read-only, and private data stays masked."""

from __future__ import annotations

from django.contrib import admin

from orders.models import Buyer, Creator, Order, OrderLine, Parcel, Payment, Product, Recipient, Sku
from sellercenter.admin import ReadOnlyAdmin, ReadOnlyInline


class LineInline(ReadOnlyInline):
    """The lines of an order."""

    model = OrderLine
    fields = ("number", "title", "variant", "quantity", "unit_price", "amount", "status", "creator")
    readonly_fields = fields


class PaymentInline(ReadOnlyInline):
    """The payments of an order."""

    model = Payment
    fields = ("method", "status", "amount", "refunded", "paid_at", "transaction_no")
    readonly_fields = fields


class RecipientInline(ReadOnlyInline):
    """Where an order goes, masked."""

    model = Recipient
    fields = ("name_masked", "phone_masked", "address_masked", "postcode_masked")
    readonly_fields = fields


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders, to look at."""

    list_display = ("number", "shop", "status", "total_amount", "currency", "placed_at", "deadline_at")
    list_filter = ("shop", "status")
    list_select_related = ("shop",)
    search_fields = ("number__startswith",)
    show_full_result_count = False
    exclude = ("import_digest",)
    inlines = (LineInline, PaymentInline, RecipientInline)
    # By key: an order over all shops has no other index.
    ordering = ("-pk",)


@admin.register(Parcel)
class ParcelAdmin(ReadOnlyAdmin):
    """Parcels, to look at."""

    list_display = ("tracking_no", "carrier", "shop", "status", "shipped_at", "delivered_at")
    list_select_related = ("shop",)
    search_fields = ("tracking_no__startswith",)
    show_full_result_count = False


@admin.register(Buyer)
class BuyerAdmin(ReadOnlyAdmin):
    """Buyers by platform id."""

    list_display = ("uid", "nickname", "shop")
    list_select_related = ("shop",)
    search_fields = ("uid",)
    show_full_result_count = False


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    """What is sold."""

    list_display = ("number", "title", "shop")
    list_select_related = ("shop",)
    search_fields = ("number", "title")


@admin.register(Sku)
class SkuAdmin(ReadOnlyAdmin):
    """Variants."""

    list_display = ("number", "code", "product", "variant", "price")
    list_select_related = ("product",)
    search_fields = ("number", "code")


@admin.register(Creator)
class CreatorAdmin(ReadOnlyAdmin):
    """Hosts and authors."""

    list_display = ("number", "name", "shop")
    list_select_related = ("shop",)
    search_fields = ("number", "name")
