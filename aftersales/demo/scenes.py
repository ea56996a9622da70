"""Where the invented after-sales play: the shop, its people and words, and keys for what is about to be written."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from types import ModuleType
from typing import Any

from django.db import models

from aftersales.demo import words_en, words_zh
from aftersales.models import Sop
from orders.demo.markets import Market
from orders.demo.people import colleague, manager_of
from sellercenter import events
from sellercenter.copying import take_ids
from sellercenter.models import Shop
from sellercenter.permissions import Actor, StockRole

# So many keys are taken from a sequence at once; what stays unused leaves a gap.
_BLOCK = 500


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the past: when it was, what, of which record, who did it, and what is kept with it."""

    at: datetime
    kind: str
    subject: models.Model
    by: Actor
    data: dict[str, Any]

    def row(self, shop_id: int) -> tuple[Any, ...]:
        """Return it as the columns of EVENT."""
        who = self.by.kind, self.by.label, self.by.member_id
        about = events.subject_type(self.subject), self.subject.pk
        return shop_id, self.kind, *about, *who, self.at, events.ENCODER.encode(self.data).encode()


EVENT = ("shop", "kind", "subject_type", "subject_id", "actor_kind", "actor_label", "member", "at", "data")


@dataclass
class Scene:
    """One demo shop up to a moment: its words, its policies, and who decides, confirms and answers there.

    Without `events` the history of its orders is left out; cases and what belongs to them always have theirs.
    """

    market: Market
    shop: Shop
    seed: int
    until: datetime
    events: bool = True
    sops: Sequence[Sop] = ()
    # Evidence is files on disk, so there is only some of it.
    files: int = 24
    keys: dict[type[models.Model], deque[int]] = field(default_factory=lambda: defaultdict(deque))

    def __post_init__(self) -> None:
        self.words = words_of(self.market)
        self.boss = manager_of(self.shop)
        self.decider = colleague(self.shop, StockRole.AFTER_SALES) or self.boss
        self.second = colleague(self.shop, StockRole.FINANCE) or self.boss
        self.speaker = colleague(self.shop, StockRole.SERVICE) or self.boss
        self.watcher = colleague(self.shop, StockRole.LOGISTICS) or self.boss

    def key(self, model: type[models.Model]) -> int:
        """Return a primary key that nobody has."""
        if not self.keys[model]:
            _now, [taken] = take_ids((model, _BLOCK))
            self.keys[model].extend(taken)
        return self.keys[model].popleft()

    def chance(self, *about: object) -> Random:
        """Return chances that are the same for the same seed, shop and subject."""
        return Random(" ".join(map(str, (self.seed, self.market.code, *about))))


def words_of(market: Market) -> ModuleType:
    """Return what people say around a shop's after-sales, in its language."""
    return words_zh if market.currency == "CNY" else words_en


def one(rng: Random, words: Sequence[Any]) -> Any:
    """Choose one of several at the cost of one random number."""
    return words[int(rng.random() * len(words))]
