"""The addresses of the room of figures, all inside a shop under `figures/`."""

from django.urls import URLPattern, path

from analytics.views import doors

urlpatterns: list[URLPattern] = [
    path("rebuild", doors.Rebuild.as_view(), name="figures_rebuild"),
]
