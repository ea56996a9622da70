"""The health page for administrators of the platform, and its one word for monitoring."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sellercenter import health, replays
from sellercenter.lifecycle import Refused
from sellercenter.models import Fault
from sellercenter.permissions import Actor, admin_actor


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show what is owed, who gave signs of life, and what was given up."""
    _administrator(request)
    report = health.report()
    context = {
        "theme": request.user.theme,  # type: ignore[union-attr]
        "ok": report.ok,
        "at": f"{report.at:%Y-%m-%d %H:%M:%S} UTC",
        "sections": [{"label": label, "lines": lines} for label, lines in report.sections.items()],
        "faults": [_prepared(fault, report) for fault in report.faults],
    }
    return render(request, "sellercenter/health.html", context)


@require_GET
@login_not_required
def live(request: HttpRequest) -> HttpResponse:
    """Say ok or not ok, for monitoring: 200 or 503, and nothing about the reason."""
    try:
        ok = health.report().ok
    except (OperationalError, InterfaceError):
        ok = False
    return JsonResponse({"ok": ok}, status=200 if ok else 503)


@require_POST
def replay(request: HttpRequest) -> HttpResponse:
    """Try again what was given up."""
    by = _administrator(request)
    asked = request.POST.get("fault", "")
    try:
        replays.replay(int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 0, by=by)
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("It is tried again now."))
    return HttpResponseRedirect(reverse("health"))


def _administrator(request: HttpRequest) -> Actor:
    """Return the actor of an administrator of the platform; raises PermissionDenied for everybody else."""
    if not request.user.is_staff:
        raise PermissionDenied("the health page is for administrators of the platform")
    return admin_actor(request.user.get_username())


def _prepared(fault: Fault, report: health.Report) -> dict[str, Any]:
    return {
        "pk": fault.pk,
        "shop": fault.shop.name,
        "what": f"{fault.subject_type} {fault.subject_id}",
        "step": fault.step,
        "attempts": fault.attempts,
        "error": fault.error,
        "age": health.age(report.at - fault.last_at),
        "can_replay": replays.can_replay(fault),
    }
