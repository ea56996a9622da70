"""Verbs on how people keep their lists: columns and density, saved views."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from sellercenter import events
from sellercenter.addresses import normal
from sellercenter.lifecycle import Refused
from sellercenter.models import ListLayout, Member, SavedView
from sellercenter.permissions import Actor, Perm

MOST_VIEWS = 50


def save_layout(member: Member, page: str, *, columns: Sequence[str], dense: bool) -> None:
    """Remember which columns a person wants in a list, in which order, and how dense."""
    ListLayout.objects.update_or_create(
        member=member, page=page, defaults={"columns": list(dict.fromkeys(columns)), "dense": dense}
    )


@transaction.atomic
def save_view(member: Member, page: str, *, name: str, query: str, shared: bool, by: Actor) -> SavedView:
    """Keep a list's filter under a name, for oneself or for the team; the same name again replaces it.

    Raises PermissionDenied when a shared view is saved without the right, Refused when there are too many.
    """
    if shared:
        by.require(Perm.VIEWS_SHARE)
    query = normal(query)
    owner = None if shared else member
    same = SavedView.objects.select_for_update().filter(shop=member.shop, page=page, member=owner, name=name).first()
    if same:
        same.query = query
        same.save(update_fields=["query"])
        return same
    if SavedView.objects.for_shop(member.shop).filter(page=page, member=owner).count() >= MOST_VIEWS:
        raise Refused(_("There are %d saved views already. Delete one first.") % MOST_VIEWS, "too_many_views")
    try:
        with transaction.atomic():
            view = SavedView.objects.create(
                shop=member.shop, page=page, member=owner, created_by=member, name=name, query=query
            )
    except IntegrityError:
        raise Refused(
            _("Somebody saved a view of this name just now. Look at it first."), "changed_meanwhile"
        ) from None
    if shared:
        events.record(member.shop, "savedview.shared", view, by=by, name=name, page=page)
    return view


@transaction.atomic
def delete_view(view: SavedView, *, by: Actor) -> None:
    """Delete a saved view: one's own, or the team's with the right to share."""
    if view.member_id is None:
        by.require(Perm.VIEWS_SHARE)
        events.record(view.shop, "savedview.deleted", view, by=by, name=view.name, page=view.page)
    elif view.member_id != by.member_id:
        raise PermissionDenied("the view belongs to somebody else")
    view.delete()
