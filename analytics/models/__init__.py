"""The records of figures."""

from analytics.models.reports import (
    LEAD_DAYS,
    DailyReport,
    FigureSetting,
    ReportCopy,
    ReportReader,
    StockAlert,
    StockSales,
)
from analytics.models.rollups import DayDurations, DayFigure, Dirt, Grain

__all__ = [
    "LEAD_DAYS",
    "DailyReport",
    "DayDurations",
    "DayFigure",
    "Dirt",
    "FigureSetting",
    "Grain",
    "ReportCopy",
    "ReportReader",
    "StockAlert",
    "StockSales",
]
