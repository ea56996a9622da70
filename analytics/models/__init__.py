"""The records of figures."""

from analytics.models.rollups import DayDurations, DayFigure, Dirt, Grain

__all__ = ["DayDurations", "DayFigure", "Dirt", "Grain"]
