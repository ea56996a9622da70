from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SellerCenterConfig(AppConfig):
    """The platform: shops, people, rights, events; nothing about orders."""

    name = "sellercenter"
    verbose_name = _("Seller centre")
