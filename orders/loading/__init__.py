"""The verb by which orders arrive: many new orders at once, each with everything that belongs to it.

Importers, connectors and the demo hand over `OrderFacts`; this folder turns them into rows and writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from orders.facts import OrderFacts
from orders.loading import history, rows
from orders.loading.arrivals import Arrival, arrivals_of
from orders.loading.checks import check
from orders.loading.parties import Known, authors_of, reach, register_parties
from sellercenter.copying import write_rows
from sellercenter.models import Shop
from sellercenter.permissions import Actor

__all__ = ["Arrival", "Known", "arrive", "check", "load", "reach", "register_parties"]


@transaction.atomic
def load(
    shop: Shop,
    orders: Sequence[OrderFacts],
    *,
    by: Actor,
    now: datetime,
    events: bool = True,
    known: Known | None = None,
) -> dict[str, int]:
    """Write new orders with all that belongs to them, and return their ids by number; all of them or none.

    The caller guarantees that the shop has none of these numbers yet; otherwise IntegrityError is raised. Raises
    ValueError, naming order and field, for what `check` refuses. Statuses, deadlines and steps are worked out here.
    A parcel that the shop knows already is used again with its own state. `events` writes the history that the facts
    tell, each event at its own time; `known` is what `register_parties` has just returned for these orders. A few
    thousand orders per call keep within the limits of one statement.
    """
    arrivals, _known = arrive(shop, orders, by=by, now=now, events=events, known=known)
    return {arrival.facts.number: arrival.id for arrival in arrivals}


def arrive(
    shop: Shop,
    orders: Sequence[OrderFacts],
    *,
    by: Actor,
    now: datetime | None,
    events: bool = True,
    known: Known | None = None,
) -> tuple[list[Arrival], Known]:
    """Do what `load` does in the caller's transaction; return the orders as they arrived, and what they name.

    Without a `now` the orders are placed at what the database's clock says. After an error nothing more can be done in
    that transaction.
    """
    for order in orders:
        check(order)
    if not orders:
        return [], known or Known({}, {}, {})
    arrivals = arrivals_of(shop, orders, now=now)
    known = known or register_parties(shop, orders)
    authors = authors_of(shop, orders)
    batches = rows.batches(shop, arrivals, known, authors=authors)
    if events:
        batches.append(history.batch(shop, arrivals, by=by, authors=authors))
    write_rows(*batches)
    return arrivals, known
