"""What can be done with many rows of a list at once: on which rows, with what outcome, and how one of them is done.

A bulk action has two screens. The first one counts by the lifecycle how many records will and how many won't; then a
job does them one by one, through the same verbs as everywhere, and keeps what became of each. Each room declares its
own list and actions; the pages are in `sellercenter/bulk_pages.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db.models import Case, Count, Max, Model, QuerySet, Value, When
from django.utils.translation import gettext as _

from sellercenter import choices, jobs
from sellercenter.lifecycle import Lifecycle, Refused
from sellercenter.models import Job, JobItem, Member, Shop
from sellercenter.permissions import Actor, Perm
from sellercenter.texts import Text

# Seconds for which a choice may be looked at before the work is started; it waits in the person's session.
VALID_FOR = 3600
MOST_TICKED = 500


@dataclass(frozen=True)
class Listed:
    """A list of whose rows many can be acted on at once.

    `matching` finds the rows of a list's address at a moment, and raises Refused when it makes no sense any more;
    `load` locks records by their keys for the verbs.
    """

    room: str
    subject: str
    model: type[Model]
    lifecycle: Lifecycle
    matching: Callable[..., QuerySet]
    load: Callable[[Job, Sequence[int]], Mapping[int, Any]]
    page: str
    record_page: str
    nothing_chosen: Text
    too_many: Text
    too_old: Text
    # The column that names a record to people.
    label: str = "number"

    def rows(self, shop: Shop) -> QuerySet:
        """Return every record of the shop."""
        return self.model._default_manager.for_shop(shop)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Chosen:
    """Which records are meant: those ticked, or every record of the shop that a list's address finds.

    Records that came in after the first screen, which are those with a key above `upto`, are not meant; `at` is the
    moment to which filters such as "overdue" refer.
    """

    listed: ClassVar[Listed]
    at: str
    upto: int
    query: str
    ids: tuple[int, ...] = ()
    every: bool = False

    @classmethod
    def of(cls, shop: Shop, *, ids: Sequence[int], query: str, every: bool, now: datetime) -> Self:
        """Choose among the records that the shop has at this moment; raises Refused when nothing is chosen."""
        if not every and not ids:
            raise Refused(cls.listed.nothing_chosen, "nothing_chosen")
        if len(ids) > MOST_TICKED:
            raise Refused(str(cls.listed.too_many) % MOST_TICKED, "too_many")
        newest = cls.listed.rows(shop).aggregate(pk=Max("pk"))["pk"] or 0
        return cls(now.isoformat(), newest, query, () if every else tuple(sorted(set(ids))), every)

    def rows(self, shop: Shop) -> QuerySet:
        """Return the chosen records of the shop; raises Refused when the address makes no sense any more."""
        if not self.every:
            return self.listed.rows(shop).filter(pk__in=self.ids)
        found = self.listed.matching(shop, self.query, now=datetime.fromisoformat(self.at))
        return found.filter(pk__lte=self.upto)

    def plain(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {"at": self.at, "upto": self.upto, "query": self.query, "ids": list(self.ids), "every": self.every}

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Self:
        """Read what `plain` returned."""
        return cls(kept["at"], kept["upto"], kept["query"], tuple(kept["ids"]), kept["every"])

    def seal(self, member: Member) -> str:
        """Encrypt the choice, as its filter can hold a phone; it opens for this person alone, and not for long."""
        return choices.seal(self.plain(), member, salt=self._salt())

    @classmethod
    def unseal(cls, text: str, member: Member) -> Self:
        """Read an encrypted choice; raises Refused when it was changed, is too old or belongs to somebody else."""
        try:
            return cls.read(choices.unseal(text, member, salt=cls._salt(), seconds=VALID_FOR))
        except choices.Lost:
            raise Refused(cls.listed.too_old, "bad_choice") from None

    @classmethod
    def _salt(cls) -> str:
        return f"{cls.listed.room}.bulk"


@dataclass(frozen=True)
class BulkAction:
    """One action on many records. `move` names the move of the lifecycle behind it, which says what is possible.

    `act` gets the record, the form's values, what was given for this record alone, and who acts; `act_all` does
    several records that fit the move at once. Where the kind of record decides on the move, `moves` names them all.
    """

    listed: ClassVar[Listed]
    code: str
    label: Text
    icon: str
    permission: Perm
    act: Callable[[Any, dict[str, Any], str, Actor], object]
    move: str = ""
    act_all: Callable[[Sequence[Any], dict[str, Any], Actor], None] | None = None
    danger: bool = False
    moves: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The code of the kind of job that does it."""
        return f"{self.listed.room}.{self.code}"

    @property
    def url_name(self) -> str:
        """The name of the page with the first screen."""
        return f"{self.listed.subject}_bulk_{self.code}"


@dataclass(frozen=True)
class Forecast:
    """How many records an action will do, and how many it won't for each reason."""

    will: int
    wont: dict[str, int]

    @property
    def total(self) -> int:
        """How many records are chosen."""
        return self.will + sum(self.wont.values())


def forecast(rows: QuerySet, action: BulkAction) -> Forecast:
    """Count what would become of the records now, by the rules of the lifecycle and in one query."""
    moves = [action.listed.lifecycle.moves[name] for name in (action.move, *action.moves) if name]
    fits = Case(
        *(When(move.where, status__in=move.sources, then=True) for move in moves if move.where),
        *(When(status__in=move.sources, then=True) for move in moves if not move.where),
        default=Value(not moves),
    )
    alike = rows.annotate(fits=fits).order_by("status").values_list("status", "fits")
    names = dict(action.listed.model._meta.get_field("status").choices)  # type: ignore[union-attr, arg-type]
    will, wont = 0, dict[str, int]()
    for status, fitting, many in alike.annotate(many=Count("pk")):
        if fitting:
            will += many
            continue
        near = next((move for move in moves if status in move.sources), None)
        reason = str(near.why_not) if near else _("The state is “%s”.") % names[status]
        wont[reason] = wont.get(reason, 0) + many
    return Forecast(will, wont)


def start(
    action: BulkAction,
    chosen: Chosen,
    *,
    values: dict[str, Any],
    lines: Sequence[tuple[int, str, str]] | None = None,
    member: Member,
    by: Actor,
) -> Job:
    """Let a job do the action on the chosen records.

    `values` are the form's. With `lines`, each the key of a record, its number and what is given for it, the job does
    these records alone.
    """
    meant = {**chosen.plain(), "lines": lines}
    return jobs.create(member.shop, action.kind, params={"chosen": meant, "values": values}, by=by, member=member)


def kind_of(action: BulkAction, chosen: type[Chosen]) -> jobs.JobKind:
    """Return the kind of job that does an action on what is chosen of its list."""

    def _prepare(job: Job) -> int:
        meant = job.params["chosen"]
        if meant["lines"] is None:
            return jobs.fill(job, chosen.read(meant).rows(job.shop), label=chosen.listed.label)
        return jobs.fill_from(job, meant["lines"])

    def _act(job: Job, item: JobItem, record: Any, by: Actor) -> object:
        return action.act(record, job.params["values"], item.given, by)

    def _act_all(job: Job, found: Sequence[tuple[JobItem, Any]], by: Actor) -> list[JobItem]:
        assert action.act_all
        fitting = _fitting(action, [record for _item, record in found])
        if fitting:
            action.act_all(fitting, job.params["values"], by)
        return [item for item, record in found if record in fitting]

    listed = action.listed
    return jobs.JobKind(
        *(action.kind, action.label, action.permission, _prepare, listed.load, _act),
        act_all=_act_all if action.act_all else None,
        record_url=listed.record_page,
    )


def _fitting(action: BulkAction, records: Sequence[Any]) -> list[Any]:
    """Return those of the locked records that the action's move accepts as they are."""
    move = action.listed.lifecycle.moves[action.move]
    same = action.listed.model._default_manager.filter(pk__in=[one.pk for one in records], status__in=move.sources)
    keys = set(same.filter(move.where).values_list("pk", flat=True))
    return [one for one in records if one.pk in keys]
