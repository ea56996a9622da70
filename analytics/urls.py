"""The addresses of the room of figures, all inside a shop under `figures/`."""

from django.urls import URLPattern, path

from analytics.views import doors, forecast, panel, report

urlpatterns: list[URLPattern] = [
    path("", panel.Panel.as_view(), name="figures"),
    path("live", panel.Live.as_view(), name="figures_live"),
    path("forecast", forecast.ForecastPage.as_view(), name="forecast"),
    path("report", report.ReportPage.as_view(), name="report"),
    path("report/<int:pk>", report.ReportOf.as_view(), name="report_of"),
    path("report/trial", report.ReportTrial.as_view(), name="report_trial"),
    path("report/settings", report.ReportSettings.as_view(), name="report_settings"),
    path("rebuild", doors.Rebuild.as_view(), name="figures_rebuild"),
]
