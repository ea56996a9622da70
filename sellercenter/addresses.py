"""The query part of a list's address: written in one way, cut down to what may be kept."""

from __future__ import annotations

from collections.abc import Container
from urllib.parse import parse_qsl, urlencode

from django.utils.translation import gettext as _

from sellercenter.lifecycle import Refused

MOST_PARTS = 100


def normal(query: str) -> str:
    """Write a query in one order, without empty parts and without a page, so that the same view is known again.

    Raises Refused when it has more parts than any list could ask for.
    """
    try:
        pairs = parse_qsl(query, max_num_fields=MOST_PARTS)
    except ValueError:
        raise Refused(_("These filters are too many for a saved view."), "query_too_long") from None
    return urlencode(sorted(pair for pair in pairs if pair[0] != "after"))


def without(query: str, names: Container[str]) -> str:
    """Leave some parts out of a query."""
    return urlencode([pair for pair in parse_qsl(query, max_num_fields=MOST_PARTS) if pair[0] not in names])
