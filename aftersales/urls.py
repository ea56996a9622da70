"""The addresses of the after-sales room, all inside a shop."""

from django.urls import URLPattern, URLResolver

from aftersales.views import cases
from sellercenter.list_views import list_paths

urlpatterns: list[URLPattern | URLResolver] = [
    *list_paths("cases", cases.CaseList),
]
