"""Creators and live rooms: what they sold, what they get for it, and what came back."""

from __future__ import annotations

from typing import Any

from analytics.views.breakdowns import BreakdownPage, of
from sellercenter.permissions import Perm


class Creators(BreakdownPage):
    """Who brought orders, and in which live rooms."""

    permission = Perm.FIGURES_VIEW
    name, url_name = "creators", "figures_creators"
    dimensions = of("creator", "room")

    def blocks(self) -> list[dict[str, Any]]:
        """Return a table of creators and one of rooms."""
        return [self.table(told) for told in self.told.values()]
