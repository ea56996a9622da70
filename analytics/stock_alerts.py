"""Verbs on warnings of stock: whoever may change it is told once of a SKU that runs out before new goods can come.

A warning stands until the SKU was filled up and lasts for long enough again; then the next one is news. It is worked
out from the orders of the last weeks, once an hour, so nothing has to happen for it.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from analytics import report_readers, stock_out
from analytics.models import FigureSetting, StockAlert, StockSales
from analytics.stock_out import Outlook, Sales
from orders.models import Sku
from sellercenter import events, ticks
from sellercenter.models import Shop
from sellercenter.permissions import SYSTEM, Actor
from sellercenter.sweeps import each

TOLD = "sku.running_out"


def warn() -> int:
    """Look through the stock of every shop that counts some, and warn; return of how many SKUs."""
    now = ticks.database_now()
    counted = Shop.objects.filter(Exists(Sku.objects.filter(shop=OuterRef("pk"), tracked=True)))
    return each(counted.order_by("pk"), lambda shop: warn_shop(shop, now=now, by=SYSTEM))


def warn_shop(shop: Shop, *, now: datetime, by: Actor) -> int:
    """Warn of the SKUs of a shop that run out too soon, and forget the warnings that are over; return how many are new.

    The looking takes longer than the writing, so it comes first; two who look at once write one after the other.
    """
    lead_days, today = report_readers.setting_of(shop).lead_days, now.astimezone(shop.zone).date()
    sales = Sales(today, stock_out.units_sold(shop, today=today))
    found = {one.sku: one for one in stock_out.outlooks(shop, sales, now=now, lead_days=lead_days)}
    return _settle(shop, sales, found, by=by)


@transaction.atomic
def _settle(shop: Shop, sales: Sales, found: dict[int, Outlook], *, by: Actor) -> int:
    """Keep what was read, and bring the warnings in line with it."""
    kept = {"until": sales.until, "units": stock_out.packed(sales), "read_at": Now()}
    StockSales.objects.update_or_create(shop=shop, defaults=kept)
    FigureSetting.objects.get_or_create(shop=shop)
    FigureSetting.objects.select_for_update().get(shop=shop)
    standing = {alert.sku_id: alert for alert in StockAlert.objects.for_shop(shop)}
    over = [alert.pk for key, alert in standing.items() if _is_over(alert, found.get(key))]
    StockAlert.objects.filter(pk__in=over).delete()
    new = [(one, one.runs_out_on) for key, one in found.items() if one.alarming and key not in standing]
    return _tell(shop, [(one, day) for one, day in new if day is not None], by=by)


def _is_over(alert: StockAlert, now: Outlook | None) -> bool:
    """Say whether a SKU was filled up and lasts again; what only sells more slowly for a day is no news tomorrow."""
    return now is None or (not now.alarming and now.available > alert.available)


def _tell(shop: Shop, new: list[tuple[Outlook, date]], *, by: Actor) -> int:
    alerts = [StockAlert(shop=shop, sku_id=one.sku, available=one.available, runs_out_on=day) for one, day in new]
    StockAlert.objects.bulk_create(alerts)
    told = {one.sku: {"available": one.available, "runs_out_on": day} for one, day in new}
    skus = Sku.objects.for_shop(shop).filter(pk__in=told).order_by("pk")
    return len(events.record_all(TOLD, skus, by=by, data=lambda sku: told[sku.pk]))
