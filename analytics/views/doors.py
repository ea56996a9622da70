"""Doors of the room of figures."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import rollups
from sellercenter.models import Shop
from sellercenter.pages import ActPage, Text
from sellercenter.permissions import Perm


class Rebuild(ActPage):
    """Have all figures of the shop worked out anew, as long work."""

    permission = Perm.POLICIES_EDIT
    title = gettext_lazy("Work out all figures anew")

    def find(self, **kwargs: Any) -> Shop:
        """It is about the whole shop."""
        return self.shop

    def act(self, record: Any, data: dict[str, Any]) -> Text | None:
        """Start the work, unless it is under way."""
        rollups.ask_rebuild(self.shop, by=self.actor, member=self.member)
        return _("All figures are worked out anew. The menu of running work shows how far it is.")

    def after(self, record: Any) -> str:
        """Go back to the figures."""
        return self.url("figures")
