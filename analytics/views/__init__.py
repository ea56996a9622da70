"""Pages of the room of figures, and where they stand in the navigation."""

from django.utils.translation import gettext_lazy as _

from sellercenter.navigation import Place
from sellercenter.permissions import Perm

_FIGURES, _SETTINGS, _SEE = _("Figures"), _("Settings"), Perm.FIGURES_VIEW

PLACES: list[Place] = [
    Place(_FIGURES, _("Figures"), "figures", "chart-bar", _SEE),
    Place(_FIGURES, _("Breakdowns"), "figures_sources", "table", _SEE),
    Place(_FIGURES, _("Where orders wait"), "figures_waiting", "hourglass", _SEE),
    Place(_FIGURES, _("Buyers"), "figures_buyers", "users", _SEE),
    Place(_FIGURES, _("Forecast"), "forecast", "chart-dots", _SEE),
    Place(_FIGURES, _("Daily report"), "report", "report-analytics", _SEE),
]
SETTINGS: list[Place] = [
    Place(_SETTINGS, _("Report and forecast"), "report_settings", "chart-line", Perm.POLICIES_EDIT),
]
