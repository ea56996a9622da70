"""The filters by which the order list is opened at what a figure counts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.http import QueryDict

from orders.filters import OrderFilter, matching
from orders.models import Buyer, Creator, Order, Product
from orders.states import CancelledBy, Kind, ParcelStatus
from sellercenter.lifecycle import Refused
from tests import make
from tests.conftest import url

pytestmark = pytest.mark.django_db
AT = make.NOW - make.HOUR


def filtered(shop, query):
    filters = OrderFilter(QueryDict(query), Order.objects.for_shop(shop), shop=shop, now=make.NOW)
    assert filters.problems() == []
    return set(filters.rows().values_list("number", flat=True))


def ended(shop, number, by, **facts):
    return make.facts(shop, "cancelled", number=number, cancelled_by=by, **facts)


@pytest.fixture
def crowd(shop):
    """One order for each way in which figures count."""
    early, late = AT - 3 * make.HOUR, AT + 3 * make.HOUR
    lost = [make.parcel(status=ParcelStatus.PROBLEM, shipped_at=AT)]
    told = [
        make.facts(shop, "unpaid", number="unpaid"),
        make.facts(shop, "to_ship", number="waits"),
        ended(shop, "lost", CancelledBy.SYSTEM, paid_at=None),
        ended(shop, "regretted", CancelledBy.BUYER),
        ended(shop, "sold out", CancelledBy.SELLER),
        ended(shop, "too late", CancelledBy.SYSTEM),
        ended(shop, "came back", CancelledBy.SELLER, shipped_at=AT, ship_by=late),
        make.facts(shop, "shipped", number="stuck", shipped_at=AT, ship_by=early, parcels=lost),
        make.facts(shop, "delivered", number="slow", shipped_at=early, delivered_at=AT, deliver_by=early, ship_by=late),
        make.facts(shop, "delivered", number="quick", shipped_at=early, delivered_at=AT, deliver_by=late, ship_by=late),
        make.facts(shop, "delivered", number="sample", kind=Kind.SAMPLE, deliver_by=early, ship_by=early),
    ]
    make.orders(shop, told)
    return shop


ENDED = {"lost", "regretted", "sold out", "too late", "came back"}
COUNTED = {
    "all": {"unpaid", "waits", "stuck", "slow", "quick"} | ENDED,
    "paid": {"waits", "stuck", "slow", "quick"} | ENDED - {"lost"},
    "paid_shipped": {"came back", "stuck", "slow", "quick"},
    "paid_delivered": {"slow", "quick"},
    "unpaid_lost": {"lost"},
    "cancelled": ENDED,
    "seller_cancelled": {"sold out", "too late"},
    "cancelled_unshipped": {"regretted", "sold out", "too late"},
    "cancelled_shipped": {"came back"},
    "shipped": {"came back", "stuck", "slow", "quick"},
    "ship_promised": {"came back", "stuck", "slow", "quick"},
    "ship_late": {"stuck"},
    "ship_timed": {"came back", "stuck", "slow", "quick"},
    "ship_problem": {"stuck"},
    "delivered": {"slow", "quick"},
    "deliver_promised": {"slow", "quick"},
    "deliver_on_time": {"quick"},
    "deliver_late": {"slow"},
    "transit_timed": {"slow", "quick"},
    "with_case": {"stuck", "slow", "quick"},
    "returned": {"slow", "quick"},
    "disputed": {"quick"},
}


def test_each_word_finds_exactly_what_it_counts(crowd):
    orders = {order.number: order for order in Order.objects.for_shop(crowd)}
    make.case(crowd, "refunding", order=orders["slow"])
    make.case(crowd, "disputed", order=orders["quick"])
    # Neither what the buyer took back nor a sample's case is a return.
    make.case(crowd, "withdrawn", order=orders["stuck"], reason="not_received")
    make.case(crowd, order=orders["sample"])
    found = {word: filtered(crowd, f"counted={word}") for word in COUNTED}
    assert found == COUNTED
    assert set(COUNTED) == {word for word, _label in OrderFilter.base_filters["counted"].extra["choices"]}


def test_days_of_delivery_and_of_cancelling_are_days_of_the_shop(shop):
    def at(*moment):
        return datetime(2026, 11, *moment, tzinfo=UTC)

    told = {"before": at(20, 15, 59, 59), "first": at(20, 16), "last": at(22, 15, 59, 59), "after": at(22, 16)}
    sent = {"shipped_at": at(19)}
    make.orders(
        shop,
        [make.facts(shop, "delivered", number=name, delivered_at=when, **sent) for name, when in told.items()]
        + [make.facts(shop, "cancelled", number=f"no {name}", cancelled_at=when) for name, when in told.items()],
    )
    assert filtered(shop, "delivered_from=2026-11-21&delivered_to=2026-11-22") == {"first", "last"}
    assert filtered(shop, "cancelled_from=2026-11-21&cancelled_to=2026-11-22") == {"no first", "no last"}
    assert filtered(shop, "delivered_to=2026-11-20") == {"before"}
    assert filtered(shop, "cancelled_from=2026-11-23") == {"no after"}


def test_a_region_a_room_and_a_reason_mean_themselves_alone_and_a_hyphen_means_none(shop):
    rooms = [make.line("Tea", room="7301"), make.line("Cup")]
    make.orders(
        shop,
        [
            make.facts(shop, number="here", province="广东", lines=rooms),
            make.facts(shop, number="beside", province="广东省", lines=[make.line("Tea", room="73")]),
            make.facts(shop, "cancelled", number="nowhere", province="", cancel_reason="sold out", lines=rooms[1:]),
            make.facts(shop, "cancelled", number="other", province="浙江", cancel_reason="sold out!", cancelled_by=""),
            make.facts(
                shop, "cancelled", number="mute", province="浙江", cancel_reason="", payment_method="", payments=[]
            ),
        ],
    )
    assert filtered(shop, "region=广东") == {"here"}
    assert filtered(shop, "province=广东") == {"here", "beside"}
    assert filtered(shop, "region=-") == {"nowhere"}
    assert filtered(shop, "room=73") == {"beside"}
    assert filtered(shop, "room=-") == {"here", "nowhere", "other", "mute"}
    assert filtered(shop, "cancel_reason=sold+out") == {"nowhere"}
    assert filtered(shop, "cancel_reason=-&status=cancelled") == {"mute"}
    assert filtered(shop, "cancelled_by=buyer") == {"nowhere", "mute"}
    assert filtered(shop, "cancelled_by=-&status=cancelled") == {"other"}
    assert filtered(shop, "method=-") == {"mute"}
    assert filtered(shop, "method=-&method=alipay") == {"here", "beside", "nowhere", "other", "mute"}


def test_creators_products_and_buyers_are_found_by_their_keys_in_their_own_shop_alone(shop, other_shop):
    hosted = make.line("Tea", creator_number="c1", creator_name="Tea Host")
    for one in (shop, other_shop):
        make.orders(
            one,
            [
                make.facts(one, number="hosted", lines=[hosted, make.line("Cup")], buyer_uid="b1"),
                make.facts(one, number="plain", lines=[make.line("Cup")], buyer_uid="b2"),
            ],
        )
    host, tea, buyer = Creator.objects.get(shop=shop), Product.objects.get(shop=shop, title="Tea"), "b1"
    assert filtered(shop, f"creator_id={host.pk}") == filtered(shop, f"product_id={tea.pk}") == {"hosted"}
    assert filtered(shop, f"buyer_id={Buyer.objects.get(shop=shop, uid=buyer).pk}") == {"hosted"}
    assert filtered(shop, "creator_id=-") == {"hosted", "plain"}
    assert filtered(shop, "product_id=-") == set()
    for query in (f"creator_id={host.pk}", f"product_id={tea.pk}", "creator_id=0"):
        assert filtered(other_shop, query) == set()


def test_a_spelling_of_a_carrier_that_is_there_means_itself_alone(shop):
    for number, carrier in (("plain", "SF Express"), ("loud", "SF EXPRESS")):
        make.order(shop, "shipped", number=number, parcels=[make.parcel(carrier=carrier, shipped_at=AT)])
    assert filtered(shop, "carrier=SF+EXPRESS") == {"loud"}
    assert filtered(shop, "carrier=sf+express") == {"plain", "loud"}


def test_hours_and_weekdays_are_those_of_the_shops_clock(shop):
    # A Sunday evening in London, Monday morning in Shanghai.
    placed = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    told = {"here": placed, "before": placed - make.HOUR, "next day": placed + make.DAY}
    make.orders(shop, [make.facts(shop, number=name, placed_at=at) for name, at in told.items()])
    assert filtered(shop, "hour=00") == {"here", "next day"}
    assert filtered(shop, "weekday=0") == {"here"}
    assert filtered(shop, "weekday=6&hour=23&hour=00") == {"before"}
    assert filtered(shop, "paid_hour=01") == {"here", "next day"}


def test_what_only_addresses_ask_for_is_named_on_chips_and_stays_in_the_form(shop, owner):
    lines = [make.line("Tea", creator_number="c1", creator_name="Tea Host")]
    make.order(shop, lines=lines, province="")
    keys = {"creator_id": str(Creator.objects.get().pk), "product_id": "999", "region": "-", "hour": "07"}
    answer = owner.get(url("order_list", shop), keys | {"counted": "ship_late"})
    chips = {chip["label"]: chip["value"] for chip in answer.context["filters"]["chips"]}
    wanted = {"Creator": "Tea Host", "Product": "999", "Province": "—", "Hour of the order": "07:00"}
    assert chips == wanted | {"In figures": "Shipped late"}
    hidden = dict(answer.context["filters"]["hidden"])
    assert hidden == keys
    for name, value in keys.items():
        answer.says(f'<input type="hidden" name="{name}" value="{value}">')


def test_acting_on_all_that_match_understands_these_filters_and_refuses_nonsense(crowd):
    assert [order.number for order in matching(crowd, "counted=ship_late&region=广东", now=make.NOW)] == ["stuck"]
    for query in ("counted=nonsense", "creator_id=x", "hour=24"):
        with pytest.raises(Refused):
            matching(crowd, query, now=make.NOW)
