from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    """Orders, their lines, parcels, payments and buyers."""

    name = "orders"
    verbose_name = _("Orders")
