"""Notices for the people of a shop: who is told of what by right, and what they have read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from sellercenter import events
from sellercenter.models import Event, Member, Notification, Shop
from sellercenter.permissions import Actor, Perm, actor_for
from sellercenter.texts import Text

BATCH = 5000


@dataclass(frozen=True)
class Notice:
    """What people are told of one kind of event: those who hold the right read the words beside the icon.

    With `when`, only events for which it holds are told; it sees the shop with its policy. With `to`, only the members
    whose keys it returns.
    """

    kind: str
    perm: Perm
    icon: str
    words: Text
    when: Callable[[Event], bool] = lambda event: True
    to: Callable[[Event], Collection[int]] | None = None

    def concerns(self, event: Event, member_id: int, actor: Actor) -> bool:
        """Say whether somebody is told of an event: not of one's own deeds."""
        chosen = self.to is None or member_id in self.to(event)
        return chosen and actor.may(self.perm) and member_id != event.member_id


@dataclass(frozen=True)
class Subject:
    """How notices speak of one kind of record: its names by key, and the page that shows it."""

    names: Callable[[Iterable[int]], Mapping[int, str]]
    url_name: str


@dataclass(frozen=True)
class Staff:
    """A consumer of events that tells people by right; one row for each event and person."""

    notices: tuple[Notice, ...]
    subjects: Mapping[str, Subject]

    @cached_property
    def by_kind(self) -> dict[str, Notice]:
        """The notices by the kind of their event."""
        return {notice.kind: notice for notice in self.notices}

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of events of which somebody is told."""
        return frozenset(self.by_kind)

    def take(self, told: list[Event]) -> None:
        """Tell everybody who holds the right and did not do it themselves; told twice, nobody reads it twice."""
        told = [event for event in told if self.by_kind[event.kind].when(event)]
        team = _teams({event.shop_id for event in told})
        rows = [
            Notification(shop_id=event.shop_id, member_id=member_id, event=event)
            for event in told
            for member_id, actor in team[event.shop_id]
            if self.by_kind[event.kind].concerns(event, member_id, actor)
        ]
        Notification.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)


def _teams(shops: Iterable[int]) -> dict[int, list[tuple[int, Actor]]]:
    """Return who may still enter each shop, with their rights of this moment."""
    found: dict[int, list[tuple[int, Actor]]] = defaultdict(list)
    for member in Member.objects.active().filter(shop__in=shops).select_related("user", "role"):
        found[member.shop_id].append((member.pk, actor_for(member)))
    return found


def staff() -> list[Staff]:
    """Return the consumers that tell people, in their order."""
    return [one for one in events.consumers() if isinstance(one, Staff)]


def subject_of(kind: str) -> Subject | None:
    """Return how one kind of record is named and shown, where some room says so."""
    return next((one.subjects[kind] for one in staff() if kind in one.subjects), None)


@transaction.atomic
def mark_read(shop: Shop, pk: int, *, by: Actor) -> bool:
    """Count one of the actor's own notices as read; return whether there was one that was not."""
    return bool(_unread(shop, by).filter(pk=pk).update(read_at=Now()))


@transaction.atomic
def mark_all_read(shop: Shop, *, upto: int, by: Actor) -> int:
    """Count all of the actor's own notices as read, up to the newest one that was seen; return how many they were."""
    return _unread(shop, by).filter(pk__lte=upto).update(read_at=Now())


def _unread(shop: Shop, by: Actor) -> QuerySet[Notification]:
    own = Notification.objects.for_shop(shop)
    return own.filter(member=by.member_id, read_at=None) if by.member_id else own.none()
