"""What carriers tell of parcels, from files: each message is taken in once, by the verb that hears carriers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import fulfilment
from orders.imports import cells
from orders.models import Parcel, TrackingEvent
from orders.row_files.columns import (
    CARRIER,
    CARRIER_CODE,
    CARRIER_TEXT,
    CARRIER_TIME,
    SITE,
    TRACKING_NO,
    identifier,
    text,
    time,
)
from orders.states import TrackingCode
from sellercenter.models import Shop
from sellercenter.permissions import CHANNEL, Actor, Perm
from sellercenter.row_imports import Column, Fate, Reader, Refusal, RowFile, Said, Verdict, Work, alone

_FAR = timedelta(days=1)
# How carriers and platforms write what they report.
_SPELLINGS: dict[TrackingCode, tuple[str, ...]] = {
    TrackingCode.INFO: ("information", "label created", "order received", "notice", "信息", "已下单", "其他"),
    TrackingCode.PICKED_UP: ("collected", "accepted", "pickup", "揽收", "已揽收", "揽件", "已揽件", "已取件", "已收件"),
    TrackingCode.HUB: (
        *(
            "in transit",
            "transit",
            "at hub",
            "at a hub",
            "arrived",
            "departed",
            "arrived at hub",
            "arrival",
            "departure",
        ),
        *("运输中", "在途", "在途中", "到达", "离开", "中转", "中转中", "到达中转站", "已发出"),
    ),
    TrackingCode.CUSTOMS: ("at customs", "customs clearance", "in customs", "清关", "清关中", "海关"),
    TrackingCode.OUT_FOR_DELIVERY: ("delivering", "with courier", "派送中", "派件中", "派件", "派送", "待取件"),
    TrackingCode.DELIVERED: ("signed", "delivery complete", "签收", "已签收", "妥投", "已妥投", "已送达", "代签收"),
    TrackingCode.ATTEMPT_FAILED: (
        *(
            "delivery failed",
            "failed",
            "failed attempt",
            "delivery attempt failed",
            "exception",
            "problem",
            "undelivered",
        ),
        *("派送失败", "派件失败", "问题件", "疑难", "疑难件", "异常", "拒收", "拒签"),
    ),
    TrackingCode.RETURNING: ("on its way back", "return in transit", "return to sender", "退回中", "退件中", "退回"),
    TrackingCode.RETURNED: ("return delivered", "returned to sender", "已退回", "退签", "退件签收", "退回签收"),
    TrackingCode.LOST: ("missing", "丢件", "丢失", "遗失", "已丢失"),
}


class _Messages(Work):
    """The messages of one file."""

    def __init__(self, shop: Shop, *, by: Actor, dry_run: bool) -> None:
        super().__init__(shop, by=by, dry_run=dry_run)
        self._now = timezone.now()
        # Marks of the messages that stood above; carriers like to tell twice.
        self._heard: set[int] = set()

    def take(self, records: Sequence[list[Said]]) -> Iterator[Verdict]:
        """Take in message after message, each in a transaction of its own."""
        rows = [said for [said] in records]
        parcels = self._parcels(rows)
        told = [self._meant(said, parcels) for said in rows]
        stored = self._stored([one for one in told if isinstance(one, Parcel)])
        for said, parcel in zip(rows, told, strict=True):
            yield parcel if isinstance(parcel, Refusal) else self._hear(parcel, said.values, stored)

    def _parcels(self, rows: Sequence[Said]) -> dict[str, list[Parcel]]:
        """Return the shop's parcels by the numbers that are told, as they stand there or in capitals."""
        numbers = {number for said in rows for number in _spelled(said)}
        found: dict[str, list[Parcel]] = {}
        for parcel in Parcel.objects.for_shop(self.shop).filter(tracking_no__in=numbers).order_by("pk"):
            found.setdefault(parcel.tracking_no, []).append(parcel)
        return found

    def _meant(self, said: Said, parcels: dict[str, list[Parcel]]) -> Parcel | Refusal:
        found = next((parcels[number] for number in _spelled(said) if number in parcels), [])
        carrier = said.values.get("carrier")
        if len(found) > 1 and carrier:
            found = [parcel for parcel in found if parcel.carrier == carrier]
        if not found:
            return Refusal(_("No parcel of this shop has this number."), "tracking_no")
        if len(found) > 1:
            return Refusal(_("Several parcels have this number. Name the carrier as they do."), "tracking_no")
        if said.values["time"] > self._now + _FAR:
            return Refusal(_("This time lies in the future."), "time")
        return found[0]

    def _stored(self, parcels: Sequence[Parcel]) -> set[tuple[Any, ...]]:
        """Return the messages that are known of parcels."""
        known = TrackingEvent.objects.filter(parcel__in={parcel.pk for parcel in parcels})
        return set(known.values_list("parcel_id", "at", "code", "text"))

    def _hear(self, parcel: Parcel, values: dict[str, Any], stored: set[tuple[Any, ...]]) -> Verdict:
        message = (parcel.pk, values["time"], str(values["status"]), values.get("text", ""))
        if message in stored or hash(message) in self._heard:
            return Fate.UNCHANGED
        verdict = Fate.NEW if self.dry_run else alone(partial(self._record, parcel, values))
        if isinstance(verdict, Fate):
            self._heard.add(hash(message))
        return verdict

    def _record(self, parcel: Parcel, values: dict[str, Any]) -> Verdict:
        """Take in one message as the carrier's, under the name of the person who brought the file with it."""
        told = {"site": values.get("site", ""), "text": values.get("text", ""), "source": "file"}
        by = replace(CHANNEL, label=self.by.label, member_id=self.by.member_id)
        new = fulfilment.record_tracking(parcel, code=values["status"], at=values["time"], **told, by=by)
        return Fate.NEW if new else Fate.UNCHANGED


def _spelled(said: Said) -> tuple[str, str]:
    number = said.values["tracking_no"]
    return number, number.upper()


def _code(_shop: Shop) -> Reader:
    return cells.word(TrackingCode, **{spelling: code for code, words in _SPELLINGS.items() for spelling in words})


TRACKING_EVENTS = RowFile(
    code="tracking_events",
    label=gettext_lazy("Tracking events"),
    records=gettext_lazy("messages"),
    permission=Perm.TRACKING_WATCH,
    columns=(
        Column("tracking_no", identifier, TRACKING_NO, needed=True),
        Column("carrier", text(Parcel, "carrier"), CARRIER),
        Column("time", time, CARRIER_TIME, needed=True),
        Column("status", _code, CARRIER_CODE, needed=True),
        Column("text", text(TrackingEvent, "text"), CARRIER_TEXT),
        Column("site", text(TrackingEvent, "site"), SITE),
    ),
    needs=(("tracking_no",), ("time",), ("status",)),
    key=("tracking_no",),
    work=_Messages,
    chunk=500,
    example={"tracking_no": "SF1234567890", "time": "2026-03-02 09:30:00", "status": "picked_up"},
)
