from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AftersalesConfig(AppConfig):
    """Everything after "I have a problem": cases, refunds, disputes, appeals, reviews, messages."""

    name = "aftersales"
    verbose_name = _("After-sales")
