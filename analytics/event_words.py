"""What the operation log calls events of reports and forecasts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from sellercenter.texts import Text

WORDS: dict[str, Text] = {
    "report.made": _("Daily report made"),
    "report.copied": _("Daily report sent by e-mail"),
    "report.settings_changed": _("Settings of the daily report changed"),
    "sku.running_out": _("SKU runs out before new goods can come"),
}
