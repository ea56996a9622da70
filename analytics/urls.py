"""The addresses of the room of figures, all inside a shop under `figures/`."""

from django.urls import URLPattern, path

from analytics.views import (
    breakdowns,
    buyers,
    cancels,
    creators,
    doors,
    forecast,
    panel,
    products,
    regions,
    report,
    waiting,
)


def _apart(name: str, *dimensions: str) -> URLPattern:
    """Declare a page that tells figures apart by some dimensions and shows nothing besides."""
    told = {"name": name, "url_name": f"figures_{name}", "dimensions": breakdowns.of(*dimensions)}
    return path(name, breakdowns.Breakdowns.as_view(**told), name=f"figures_{name}")


urlpatterns: list[URLPattern] = [
    _apart("sources", "source"),
    _apart("carriers", "carrier"),
    _apart("methods", "method"),
    _apart("hours", "hour"),
    path("creators", creators.Creators.as_view(), name="figures_creators"),
    path("products", products.Products.as_view(), name="figures_products"),
    path("regions", regions.Regions.as_view(), name="figures_regions"),
    path("cancels", cancels.Cancels.as_view(), name="figures_cancels"),
    path("waiting", waiting.WaitingPage.as_view(), name="figures_waiting"),
    path("buyers", buyers.Buyers.as_view(), name="figures_buyers"),
    path("", panel.Panel.as_view(), name="figures"),
    path("live", panel.Live.as_view(), name="figures_live"),
    path("forecast", forecast.ForecastPage.as_view(), name="forecast"),
    path("report", report.ReportPage.as_view(), name="report"),
    path("report/<int:pk>", report.ReportOf.as_view(), name="report_of"),
    path("report/trial", report.ReportTrial.as_view(), name="report_trial"),
    path("report/settings", report.ReportSettings.as_view(), name="report_settings"),
    path("rebuild", doors.Rebuild.as_view(), name="figures_rebuild"),
]
