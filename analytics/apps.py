from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    """Figures over orders and after-sales: roll-ups, panels, forecasts, reports."""

    name = "analytics"
    verbose_name = _("Figures")
