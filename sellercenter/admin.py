"""Django admin of the platform: shops, people, roles and policies; what happened is read-only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from sellercenter import events, shops
from sellercenter.counts import CAP
from sellercenter.models import Event, Member, Role, Shop, ShopPolicy, User
from sellercenter.permissions import admin_actor

admin.site.site_header = _("Seller centre administration")
admin.site.site_title = _("Seller centre")


# Rights are given by roles in shops, never by Django's groups.
admin.site.unregister(Group)


class CappedPaginator(Paginator):
    """Pages of a table that may be huge: counted up to a cap, never as a whole."""

    @cached_property
    def count(self) -> int:
        """Count the rows up to the cap."""
        return len(self.object_list.order_by().values_list("pk")[:CAP])  # type: ignore[attr-defined]


class ReadOnlyAdmin(admin.ModelAdmin):
    """Records that people may look at here and nothing else."""

    paginator = CappedPaginator

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never add here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never change here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never delete here."""
        return False


class ReadOnlyInline(admin.TabularInline):
    """Rows below a record, to look at."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never add here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never change here."""
        return False


@admin.register(User)
class AccountAdmin(UserAdmin):
    """People who can log in."""

    list_display = ("username", "last_name", "first_name", "is_active", "is_staff", "last_login")
    fieldsets = (*(UserAdmin.fieldsets or ()), (_("Reading"), {"fields": ("language", "theme")}))


class PolicyInline(admin.StackedInline):
    """The policy of a shop, to look at: its own page changes it, and keeps who did."""

    model = ShopPolicy
    can_delete = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never change here."""
        return False


@admin.register(Shop)
class ShopAdmin(admin.ModelAdmin):
    """Shops with their clocks; a new shop gets its policy and the stock roles by the same verb as everywhere."""

    list_display = ("name", "code", "currency", "time_zone", "opened_at")
    search_fields = ("name", "code")
    inlines = (PolicyInline,)

    def get_inlines(self, request: HttpRequest, obj: Shop | None) -> Any:
        """Show the clocks once the shop exists."""
        return self.inlines if obj else ()

    def get_readonly_fields(self, request: HttpRequest, obj: Shop | None = None) -> tuple[str, ...]:
        """Keep what addresses and amounts rest on."""
        return ("code", "currency", "opened_at") if obj else ()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Give a new shop what every shop has."""
        super().save_related(request, form, formsets, change)
        if not change:
            shops.settle(form.instance, by=admin_actor(request.user.get_username()))

    def has_delete_permission(self, request: HttpRequest, obj: Shop | None = None) -> bool:
        """Never delete a shop by a click: its orders and history would go along."""
        return False


class PlaceForm(forms.ModelForm):
    """A person's place in a shop."""

    def clean(self) -> dict[str, Any]:
        """Refuse a role of another shop; the database would refuse it too, with less friendly words."""
        data = super().clean() or {}
        role, shop = data.get("role"), data.get("shop") or self.instance.shop
        if role is not None and role.shop_id != shop.pk:
            self.add_error("role", _("This role belongs to another shop."))
        return data


@admin.register(Member)
class MemberAdmin(admin.ModelAdmin):
    """Who works where, as what."""

    form = PlaceForm
    list_display = ("label", "user", "shop", "owner", "role", "disabled_at")
    list_filter = ("shop", "owner")
    search_fields = ("label", "user__username")
    autocomplete_fields = ("user", "shop")
    list_select_related = ("user", "shop", "role__shop")

    def save_model(self, request: HttpRequest, obj: Member, form: Any, change: bool) -> None:
        """Keep in the shop's history that an administrator was here."""
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            by = admin_actor(request.user.get_username())
            events.record(obj.shop, "member.administered", obj, by=by, changed=form.changed_data)


@admin.register(Role)
class RoleAdmin(admin.ModelAdmin):
    """Named lists of rights."""

    list_display = ("label", "shop", "stock")
    list_filter = ("shop",)
    list_select_related = ("shop",)
    readonly_fields = ("stock",)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """What happened."""

    list_display = ("at", "shop", "kind", "subject_type", "subject_id", "actor_label")
    list_filter = ("shop", "actor_kind")
    list_select_related = ("shop",)
    show_full_result_count = False
    ordering = ("-pk",)
