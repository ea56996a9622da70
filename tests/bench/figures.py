"""The shape of one figure, as `make bench` prints it."""

from __future__ import annotations

from typing import Any


def figure(
    name: str, value: float, unit: str, floor: float | None = None, *, target: float | None = None, more: bool = False
) -> dict[str, Any]:
    """Shape one figure; with a floor the target is a ratio to it, `more` means that larger is better."""
    ratio = value / floor if floor else None
    judged = ratio if ratio is not None else value
    met = target is None or (judged >= target if more else judged <= target)
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "floor": None if floor is None else round(floor, 3),
        "ratio": None if ratio is None else round(ratio, 3),
        "target": target,
        "ok": met,
    }
