"""Files of goods, stock and parcels beside each other and beside people at work: nothing is done twice or lost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.management import call_command

from orders import fulfilment
from orders.models import Order, ParcelLine, Product, Sku, StockMovement, TrackingEvent
from sellercenter.permissions import SYSTEM
from tests import make
from tests.conftest import told
from tests.orders.row_tables import Desk, counts
from tests.together import in_threads

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 8
BUSY = "Somebody is working on this. Import the file again."
GOODS = ("product_no,title,sku_no,seller_sku,price", *(f"P{n},Tea {n},K{n},C{n},{n}" for n in range(MANY)))
COUNTS = ("sku_id,on_hand", *(f"K{n},{n}" for n in range(MANY)))
NUMBERS = ("order_no,carrier,tracking_no", *(f"A{n},SF,SF{n}" for n in range(MANY)))
MESSAGES = ("tracking_no,time,status", *(f"SF{n},{make.NOW.isoformat()},delivered" for n in range(MANY)))


def twice(kind, shop, folder, rows):
    """Bring the same file in twice at the same moment; return what became of it each time, added up."""
    desks = [Desk(kind, shop, folder / name) for name in ("one", "two")]
    for desk in desks:
        desk.folder.mkdir(exist_ok=True)
    in_threads(*(lambda desk=desk: desk.take(*rows) for desk in desks))
    return [sum(both) for both in zip(*(counts(desk.outcome) for desk in desks), strict=True)]


def test_two_uploads_of_the_same_files_at_once_end_as_one(tmp_path):
    shop = make.shop()
    new, changed, unchanged, rejected = twice("products", shop, tmp_path, GOODS)
    assert (new + unchanged, changed, rejected) == (2 * MANY, 0, 0)
    assert (Product.objects.count(), Sku.objects.count()) == (MANY, MANY)
    assert Sku.objects.get(number="K7").price == Decimal(7)
    assert twice("stock_counts", shop, tmp_path, COUNTS) == [MANY, 0, MANY, 0]
    assert StockMovement.objects.count() == MANY - 1
    lines = [make.line(f"Tea {n}", sku_number=f"K{n}", product_number=f"P{n}", quantity=1) for n in range(MANY)]
    make.orders(shop, [make.facts(shop, number=f"A{n}", lines=[line]) for n, line in enumerate(lines)])
    assert twice("tracking_numbers", shop, tmp_path, NUMBERS) == [MANY, 0, MANY, 0]
    assert (set(Order.objects.values_list("status", flat=True)), ParcelLine.objects.count()) == ({"shipped"}, MANY)
    assert twice("tracking_events", shop, tmp_path, MESSAGES) == [MANY, 0, MANY, 0]
    assert (set(Order.objects.values_list("status", flat=True)), TrackingEvent.objects.count()) == ({"delivered"}, MANY)
    assert {told(order).count("order.shipped") for order in Order.objects.all()} == {1}
    call_command("check_invariants")


def test_what_somebody_works_on_is_refused_and_its_neighbours_are_taken(tmp_path, other):
    shop = make.shop()
    goods, stock = Desk("products", shop, tmp_path), Desk("stock_counts", shop, tmp_path)
    numbers, messages = Desk("tracking_numbers", shop, tmp_path), Desk("tracking_events", shop, tmp_path)
    goods.take(*GOODS[:3])
    make.orders(shop, [make.facts(shop, number=f"A{n}", lines=[make.line(f"Mug {n}")]) for n in range(2)])
    other.execute("SELECT 1 FROM orders_sku WHERE number = 'K0' FOR UPDATE")
    other.execute("SELECT 1 FROM orders_order WHERE number = 'A0' FOR UPDATE")
    dearer = [GOODS[0], *(row + "5" for row in GOODS[1:3])]
    assert (goods.take(*dearer), goods.refusals()) == ((0, 1, 0, 1), [(2, "", BUSY)])
    assert (stock.take(*COUNTS[:3]), stock.refusals()) == ((1, 0, 0, 1), [(2, "", BUSY)])
    assert (numbers.take(*NUMBERS[:3]), numbers.refusals()) == ((1, 0, 0, 1), [(2, "", BUSY)])
    other.rollback()
    assert (goods.take(*dearer), stock.take(*COUNTS[:3])) == ((0, 1, 1, 0), (1, 0, 1, 0))
    assert numbers.take(*NUMBERS[:3]) == (1, 0, 1, 0)
    other.execute("SELECT 1 FROM orders_parcel WHERE tracking_no = 'SF0' FOR UPDATE")
    assert (messages.take(*MESSAGES[:3]), messages.refusals()) == ((1, 0, 0, 1), [(2, "", BUSY)])
    other.rollback()
    assert messages.take(*MESSAGES[:3]) == (1, 0, 1, 0)


def test_an_order_that_was_shipped_after_it_was_read_counts_as_unchanged(tmp_path, monkeypatch):
    shop = make.shop()
    [order] = make.orders(shop, [make.facts(shop, number="A0")])
    ship = fulfilment.ship

    def too_late(known, **sent):
        monkeypatch.undo()
        in_threads(lambda: ship(Order.objects.get(pk=order.pk), carrier="SF", tracking_no="SF0", by=SYSTEM))
        return ship(known, **sent)

    monkeypatch.setattr(fulfilment, "ship", too_late)
    assert Desk("tracking_numbers", shop, tmp_path).take(*NUMBERS[:2]) == (0, 0, 1, 0)
    assert told(order).count("order.shipped") == 1


def test_the_rest_of_a_chunk_gets_in_when_the_database_refuses_one_row(tmp_path, monkeypatch):
    shop = make.shop()
    goods = Desk("products", shop, tmp_path)
    monkeypatch.setattr("orders.imports.cells._LIMIT", Decimal(10) ** 15)
    dear = "P9,Diamond,K9,C9,9000000000000"
    assert goods.take(*GOODS[:3], dear, "P8,Pot,K8,C8,8") == (3, 0, 0, 1)
    assert goods.refusals() == [(4, "", "This can't be stored: DataError.")]
    assert sorted(Sku.objects.values_list("number", flat=True)) == ["K0", "K1", "K8"]
    assert not Product.objects.filter(number="P9").exists()
