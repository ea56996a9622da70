"""The verb that lets what was given up be tried again."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from sellercenter.lifecycle import Refused
from sellercenter.models import Fault
from sellercenter.permissions import Actor, ActorKind


@transaction.atomic
def replay(fault_id: int, *, by: Actor) -> None:
    """Try a given-up obligation again, by what settings.REPLAYS names for its kind of record.

    For administrators of the platform and the system alone; the log keeps who wanted it. Refused when somebody was
    faster or nobody knows how.
    """
    if by.kind not in (ActorKind.ADMIN, ActorKind.SYSTEM):
        raise PermissionDenied(f"{by.label} does not administrate the platform")
    fault = Fault.objects.select_for_update(of=("self",)).select_related("shop").filter(pk=fault_id).first()
    if fault is None or fault.dead_at is None:
        raise Refused(_("This is being tried again already."), "not_dead")
    if not can_replay(fault):
        raise Refused(_("Nothing is known that could try this again."), "no_replay")
    import_string(settings.REPLAYS[fault.subject_type])(fault, by=by)


def can_replay(fault: Fault) -> bool:
    """Say whether it is known how to try this again."""
    return fault.subject_type in settings.REPLAYS
