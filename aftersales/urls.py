"""The addresses of the after-sales room, all inside a shop."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
