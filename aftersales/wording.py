"""Words with variables such as {buyer}: filled in by a fixed list of names, whatever else stands between braces."""

from __future__ import annotations

import re
from collections.abc import Mapping

NAMES = ("buyer", "order", "amount", "tracking", "shop", "deadline")
_VARIABLE = re.compile(r"\{(" + "|".join(NAMES) + r")\}")


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """Put the values in place of their names, in one pass.

    A name that is unknown, or has no value here, stays as it was written; what a value holds is never looked at again,
    so a buyer who is called {order} stays so.
    """
    return _VARIABLE.sub(lambda found: values.get(found[1]) or found[0], text)


def unfilled(text: str) -> list[str]:
    """Return the variables that still stand in a text, as they are written, each once."""
    return list(dict.fromkeys(found[0] for found in _VARIABLE.finditer(text)))
