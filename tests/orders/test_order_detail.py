"""The page of one order: what is shown, to whom, and what can be done there."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from orders import actions
from orders.facts import TrackingFacts
from orders.lifecycle import ORDER
from orders.models import Order, OrderNote
from orders.offers import OFFERS
from orders.payments import pay
from orders.states import Status
from sellercenter.models import Shop, ShopPolicy
from sellercenter.permissions import BUYER, CHANNEL, Perm
from tests import make
from tests.conftest import ROLES, fresh, row, told, url

pytestmark = pytest.mark.django_db


def opened(person, order, **query):
    return person.get(url("order_detail", order), query)


def moves(answer):
    """Return the names of the moves that are offered: the one to make next, those of the menu, the answers."""
    order = answer.context["order"]
    offered = [order["lead"], *order["moves"], *order["answers"]]
    return [move["name"] for move in offered if move]


def refused(answer):
    return {str(move["label"]): str(move["why_not"]) for move in answer.context["order"]["refused_moves"]}


def test_the_page_shows_the_whole_order_and_masks_who_receives_it(shop, owner):
    bought = {"variant": "250 g", "seller_sku": "LJ-1", "platform_discount": Decimal("3.00")}
    brought = {"creator_number": "c1", "creator_name": "Tea Host", "room": "room 8", "commission_rate": Decimal("0.1")}
    line = make.line("Longjing", **bought, **brought, commission_amount=Decimal("1.70"))
    order = make.order(shop, lines=[line], freight_amount=Decimal("6.00"), buyer_message="ring twice")
    answer = opened(owner, order)
    for text in ("Longjing", "250 g · LJ-1", "¥10.00", "−¥3.00", "¥17.00", "platform", "¥6.00", "¥23.00", "Alipay"):
        answer.says(text)
    answer.says(f"T{order.number}").says("tea lover").says("buyer-1").says("ring twice")
    answer.says("Tea Host").says("room 8").says("¥1.70 (10.0%)")
    answer.says("王**").says("138****8000").says("广东 广州").says("**** 510***")
    for secret in ("王小明", make.PHONE, "幸福路", "510000"):
        answer.keeps_quiet_about(secret)


def test_hostile_text_is_shown_as_text(shop, owner):
    bad = "<script>alert(1)</script>"
    texts = dict.fromkeys(("buyer_nickname", "buyer_message", "seller_note", "abnormal_reason", "channel"), bad)
    order = make.order(shop, lines=[make.line(bad, variant=bad)], abnormal="other", **texts)
    owner.post(url("order_note", order), {"body": bad})
    html = opened(owner, order).content.decode()
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 6
    assert "<script>alert" not in html


def test_parcels_show_their_news_newest_first(shop, owner):
    news = [("picked_up", 9), ("hub", 5), ("out_for_delivery", 1)]
    tracking = [TrackingFacts(make.NOW - ago * make.HOUR, code, f"at {code}") for code, ago in news]
    line = make.line(quantity=3)
    parcels = [
        make.parcel("SF1", contents={line.number: 1}, tracking=tracking),
        make.parcel("SF2", contents={line.number: 2}),
    ]
    order = make.order(shop, Status.SHIPPED, lines=[line], parcels=parcels)
    answer = opened(owner, order).says("SF1").says("SF2").says("Green tea × 1").says("Green tea × 2")
    told_first = re.findall(r"at (picked_up|hub|out_for_delivery)", answer.text)
    assert told_first == ["out_for_delivery", "hub", "picked_up"]


def test_the_timeline_tells_who_did_what_newest_first(shop, owner, reviewer, service):
    order = make.order(shop, Status.TO_REVIEW)
    reviewer.post(url("order_approve", order)).says("The order is approved")
    service.post(url("order_flag", order), {"flag": "5"}).says("The flag is set.")
    entries = opened(owner, order).context["order"]["timeline"]
    assert [(entry["text"], entry["actor"]) for entry in entries] == [
        ("Flag changed", "Some service"),
        ("Approved", "Some reviewer"),
        ("Paid", "Buyer"),
        ("Order placed", "Buyer"),
    ]
    assert entries[0]["details"] == [("Change", "", "Red flag")]
    assert entries[1]["details"] == [("Change", "To review", "To ship")]


def test_the_timeline_can_be_narrowed(shop, owner):
    order = make.order(shop, Status.TO_REVIEW)
    owner.post(url("order_note", order), {"body": "hm"})
    assert [one["text"] for one in opened(owner, order, events="note").context["order"]["timeline"]] == [
        "Internal note added"
    ]
    assert len(opened(owner, order, events="nonsense").context["order"]["timeline"]) == 3


DOORS = {
    "order_approve": Perm.ORDERS_REVIEW,
    "order_cancel": Perm.ORDERS_CANCEL,
    "order_hold": Perm.ORDERS_REVIEW,
    "order_change_address": Perm.ORDERS_ADDRESS,
    "order_note": Perm.ORDERS_NOTE,
    "order_seller_note": Perm.ORDERS_NOTE,
    "order_flag": Perm.ORDERS_NOTE,
    "order_abnormal": Perm.ORDERS_MARK,
}


@pytest.mark.parametrize("role", ["owner", *ROLES])
def test_doors_are_shown_to_those_who_may_go_through_them(shop, cast, role):
    order = make.order(shop, Status.TO_REVIEW)
    answer, actor = opened(cast[role], order), cast[role].actor
    shown = {name for name in DOORS if f'action="{url(name, order)}"' in answer.text}
    assert shown == {name for name, perm in DOORS.items() if actor.may(perm)}


POSSIBLE = {
    "unpaid": ["remind", "change_price", "change_address", "hold", "cancel"],
    "to_review": ["approve", "change_address", "hold", "cancel"],
    "to_ship": ["ship", "change_address", "hold", "cancel"],
    "part_shipped": ["ship", "hold"],
}


@pytest.mark.parametrize("status", Status)
def test_moves_are_those_of_the_state_the_one_to_make_next_first(shop, owner, status):
    answer = opened(owner, make.order(shop, status))
    assert moves(answer) == POSSIBLE.get(status, [])
    assert refused(answer) == {}


def test_every_move_that_people_make_is_offered_and_has_its_address(shop):
    people = [name for name, move in ORDER.moves.items() if move.needs and move.label]
    assert sorted(OFFERS) == sorted(people)
    order = make.order(shop)
    assert [name for name in OFFERS if not url(f"order_{name}", order)] == []


def test_a_move_that_is_blocked_is_not_offered_but_explained(shop, owner):
    answer = opened(owner, make.order(shop, Status.TO_REVIEW, held=True))
    assert moves(answer) == ["release", "change_address"]
    why = "The order is held. Release it first."
    assert refused(answer) == {"Approve": why, "Cancel order": why}
    answer.says(why)


def test_what_tells_nothing_is_not_even_mentioned(shop, owner):
    """An order that nobody holds needs no line that says that it can't be released."""
    opened(owner, make.order(shop)).keeps_quiet_about("The order is not held.").keeps_quiet_about("has not asked")


def test_cancelling_states_its_consequence_in_figures(shop, owner):
    opened(owner, make.order(shop, Status.TO_SHIP)).says("The order ends here. ¥20.00 was paid and has to be refunded.")
    opened(owner, make.order(shop, Status.UNPAID)).says("The order ends here. Nothing was paid.")


def test_cancelling_without_a_reason_changes_nothing(shop, owner):
    order = make.order(shop, Status.TO_SHIP)
    before = row(order)
    owner.post(url("order_cancel", order)).says("Say why the order is cancelled; the buyer sees the reason.")
    assert row(order) == before
    owner.post(url("order_cancel", order), {"reason": "sold out"}).says("The order is cancelled.").says("sold out")
    assert fresh(order).status == "cancelled"


def test_a_refusal_is_shown_in_words_and_changes_nothing(shop, owner):
    order = make.order(shop, Status.COMPLETED)
    before, events = row(order), told(order)
    owner.post(url("order_approve", order)).says("This is not possible any more: the state is “Completed”.")
    assert (row(order), told(order)) == (before, events)


def test_notes_are_kept_in_order_with_their_lines(shop, owner, service):
    order = make.order(shop)
    service.post(url("order_note", order), {"body": "first\nsecond line"}).says("The note is added.")
    owner.post(url("order_note", order), {"body": "another"})
    notes = opened(owner, order).context["order"]["notes"]
    assert [(note["author"], note["body"].splitlines()) for note in notes] == [
        ("Some service", ["first", "second line"]),
        ("lanting-owner", ["another"]),
    ]
    owner.post(url("order_note", order), {"body": " "}).says("Write something first.")
    assert OrderNote.objects.count() == 2


def written(person, order):
    """Send the seller note's form as a browser would, with the text that the page holds."""
    initial = opened(person, order).context["order"]["seller_note_form"]["form"].initial["before"]
    return initial.replace("\r\n", "\n").replace("\n", "\r\n")


def test_the_seller_note_is_shown_and_replaced(shop, service):
    order = make.order(shop, seller_note="gift wrap")
    opened(service, order).says("gift wrap")
    sent = {"note": "no ribbon", "before": written(service, order)}
    service.post(url("order_seller_note", order), sent).says("The seller note is saved.").says("no ribbon")
    assert fresh(order).seller_note == "no ribbon"


def test_a_seller_note_of_several_lines_from_the_platform_can_be_replaced_in_a_browser(shop, service):
    """Browsers send line ends as two characters, whatever the page held."""
    order = make.order(shop, seller_note="gift wrap\nno ribbon")
    sent = {"note": "plain", "before": written(service, order)}
    service.post(url("order_seller_note", order), sent).says("The seller note is saved.")
    assert fresh(order).seller_note == "plain"


def test_a_seller_note_that_changed_meanwhile_is_refused_and_shown(shop, service):
    order = make.order(shop, seller_note="theirs")
    answer = service.post(url("order_seller_note", order), {"note": "mine", "before": "old"})
    answer.says("Somebody changed the seller note meanwhile. Read it, then write again.").says("theirs")
    assert fresh(order).seller_note == "theirs"


def test_a_mark_is_set_shown_and_taken_away(shop, service):
    order = make.order(shop)
    service.post(url("order_abnormal", order), {"kind": "address", "reason": "no street"}).says("The order is marked.")
    opened(service, order).says("Address problem").says("no street").says(
        f'action="{url("order_abnormal_clear", order)}"'
    )
    service.post(url("order_abnormal_clear", order)).says("The mark is taken away.")
    assert fresh(order).abnormal == ""
    service.post(url("order_abnormal_clear", order)).says("The order is not marked as abnormal.")


@pytest.mark.parametrize(
    ("door", "sent"),
    [
        ("order_flag", {"flag": "9"}),
        ("order_flag", {"flag": "red"}),
        ("order_abnormal", {"kind": "nonsense"}),
        ("order_abnormal", {"kind": "risk", "reason": "x" * 301}),
        ("order_seller_note", {"note": "x" * 501, "before": ""}),
        ("order_note", {"body": "x" * 2001}),
        ("order_note", {"body": "a\0b"}),
        ("order_cancel", {"reason": "x" * 121}),
    ],
)
def test_nonsense_is_refused_in_words_and_changes_nothing(shop, owner, door, sent):
    order = make.order(shop)
    before, events = row(order), told(order)
    answer = owner.post(url(door, order), sent)
    assert 'class="note-bar error"' in answer.text
    assert (row(order), told(order), OrderNote.objects.count()) == (before, events, 0)


def test_fields_that_no_form_has_are_ignored(shop, owner):
    """Everything that an order has, sent to each door: only what the door is for may change."""
    order = make.order(shop, Status.TO_REVIEW)
    everything = dict.fromkeys(row(order), "1") | {"shop": "1", "is_staff": "1"}
    doors = {"order_note": {"note_count", "updated_at"}, "order_flag": {"flag", "updated_at"}}
    for door, allowed in doors.items():
        before = row(order)
        owner.post(url(door, order), {**everything, "body": "n", "flag": "5"})
        after = row(order)
        assert {name for name in after if after[name] != before[name]} == allowed


def test_clocks_show_what_is_left(shop, owner):
    order = make.order(shop, Status.UNPAID, placed_at=make.NOW - make.HOUR)
    assert clocks(opened(owner, order)) == ["Second payment reminder", "Cancelled when unpaid"]
    late = make.order(shop, Status.TO_SHIP, ship_by=make.NOW - timedelta(days=3, hours=1))
    opened(owner, late).says("3 d 1 h late").says("Overdue")
    opened(owner, make.order(shop, Status.TO_SHIP)).keeps_quiet_about("Overdue<")


def test_the_promised_day_of_delivery_is_shown_until_the_order_is_there(shop, owner):
    late = make.order(shop, Status.SHIPPED, deliver_by=make.NOW - timedelta(days=2, hours=1))
    assert clocks(opened(owner, late).says("2 d 1 h late"))[0] == "Delivery was promised until then"
    there = make.order(shop, Status.DELIVERED, deliver_by=make.NOW - timedelta(days=2, hours=1))
    assert clocks(opened(owner, there)) == ["Receipt counts as confirmed"]


def clocks(answer):
    return [str(clock["label"]) for clock in answer.context["order"]["clocks"]]


def test_what_happens_by_itself_is_told_step_by_step_as_it_is_planned(shop, owner):
    ShopPolicy.objects.filter(shop=shop).update(ship_cancel=timedelta(days=9), cancel_answer=timedelta(hours=60))
    order = make.order(Shop.objects.get(pk=shop.pk), Status.TO_SHIP)
    planned = ["Warning before the ship-by time", "Overdue when not shipped", "Cancelled when not shipped"]
    assert clocks(opened(owner, order)) == planned
    actions.request_cancel(order, reason="too late", by=BUYER)
    assert clocks(opened(owner, order)) == [*planned[:2], "The cancel request counts as accepted", planned[2]]
    delivered = make.order(shop, Status.DELIVERED)
    assert clocks(opened(owner, delivered)) == ["Receipt counts as confirmed"]
    assert clocks(opened(owner, make.order(shop, Status.COMPLETED))) == []


def test_a_buyer_who_asks_to_cancel_is_seen_with_the_time_to_answer(shop, owner, shipping):
    order = make.order(shop, Status.TO_SHIP)
    actions.request_cancel(order, reason="ordered twice", by=BUYER)
    answer = opened(owner, order).says("The buyer asks to cancel the order.").says("ordered twice")
    answer.says("Time left to answer:").says("1 d 23 h").says("Without an answer it counts as accepted.")
    assert moves(answer) == ["change_address", "hold", "cancel", "accept_cancel", "refuse_cancel"]
    assert [move["name"] for move in answer.context["order"]["answers"]] == ["accept_cancel", "refuse_cancel"]
    assert moves(opened(shipping, order).says("ordered twice")) == []


def test_a_request_whose_time_is_over_can_still_be_accepted_but_not_refused(shop, owner):
    order = make.order(shop, Status.TO_SHIP)
    actions.request_cancel(order, reason="", by=BUYER)
    Order.objects.filter(pk=order.pk).update(answer_by=make.NOW - make.HOUR)
    answer = opened(owner, order)
    assert [move["name"] for move in answer.context["order"]["answers"]] == ["accept_cancel"]
    assert refused(answer)["Refuse the cancel request"] == "There is no cancel request that could still be refused."


def test_a_held_order_says_why_and_since_when(shop, owner, reviewer):
    order = make.order(shop, Status.TO_SHIP)
    actions.hold(order, reason="the flat number is missing", by=reviewer.actor)
    (notice,) = opened(owner, order).says("the flat number is missing").context["order"]["notices"]
    assert notice["at"].iso[:10] == order.updated_at.astimezone(shop.zone).isoformat()[:10]
    opened(owner, order).says("Held:")


def test_money_that_comes_after_the_cancel_is_seen_as_a_refund_to_make(shop, owner):
    order = make.order(shop, Status.UNPAID)
    actions.cancel(order, reason="sold out", by=owner.actor)
    opened(owner, order).keeps_quiet_about("to be refunded")
    pay(order, amount=Decimal("10.00"), method="alipay", transaction_no="late", by=CHANNEL)
    answer = opened(owner, order).says("¥10.00 is to be refunded.").says("Refund to make")
    answer.says("A payment came after the order was cancelled.").says("It does not revive the order.")


def test_a_part_of_the_price_is_shown_with_what_is_missing(shop, owner):
    order = make.order(shop, Status.UNPAID)
    pay(order, amount=Decimal("5.00"), method="alipay", transaction_no="part", by=CHANNEL)
    opened(owner, order).says("¥5.00 came in, ¥15.00 is missing.").says("¥5.00 was paid and has to be refunded.")


def test_the_last_reminder_is_shown_where_one_reminds(shop, owner):
    order = make.order(shop, Status.UNPAID)
    opened(owner, order).says("Nobody has reminded the buyer yet.").keeps_quiet_about("Last reminded")
    owner.post(url("order_remind", order)).says("Last reminded to pay")
    why = "A buyer is reminded once in 24 hours, while the order is not held and can still be paid in time."
    assert refused(opened(owner, order)) == {"Remind to pay": why}


@pytest.mark.parametrize(("coupon", "asked"), [("", False), ("TEA-5", True)])
def test_the_coupon_is_offered_only_when_the_shop_has_one(shop, owner, coupon, asked):
    ShopPolicy.objects.filter(shop=shop).update(coupon=coupon)
    answer = opened(owner, make.order(shop, Status.UNPAID))
    assert ('name="coupon"' in answer.text, "Offer the coupon “TEA-5”" in answer.text) == (asked, asked)


def test_a_parcel_form_knows_what_is_left_and_which_carriers_the_shop_uses(shop, owner):
    make.shipped(shop, "SF1", "SF2")
    lines = [make.line("Longjing", variant="250 g", quantity=3), make.line("Cup", quantity=1)]
    parcel = make.parcel("YT1", carrier="YTO", contents={lines[0].number: 2})
    order = make.order(shop, Status.PART_SHIPPED, lines=lines, parcels=[parcel])
    answer = opened(owner, order).says("2 units are left to ship.")
    answer.says("Longjing 250 g (1 left)").says("Cup (1 left)")
    assert answer.context["order"]["carriers"] == ["SF Express", "YTO"]
    single = make.order(shop, lines=[make.line(quantity=1)])
    opened(owner, single).says("1 unit is left to ship.").keeps_quiet_about("Send only a part")


def test_private_values_are_never_put_into_the_form_of_the_address(shop, owner):
    order = make.order(shop)
    form = next(
        move["form"] for move in opened(owner, order).context["order"]["moves"] if move["name"] == "change_address"
    )
    given = {name: form[name].value() for name in form.fields if form[name].value()}
    assert given == {"province": "广东", "city": "广州"}


def test_the_price_form_holds_the_total_that_one_looks_at(shop, owner):
    order = make.order(shop, Status.UNPAID, freight_amount=Decimal("6.00"))
    answer = opened(owner, order).says("The buyer has to pay ¥26.00 now.")
    answer.says('data-rest="20.00"').says('name="seen" value="26.00"')


def test_an_action_leads_back_to_the_page_that_it_came_from_but_never_out_of_the_house(shop, owner):
    order = make.order(shop)
    own = url("order_list", shop) + "?tab=to_ship"
    default = url("order_detail", order)
    for target in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "evil",
        "",
        "\x00/a",
    ):
        answer = owner.post(url("order_flag", order), {"flag": "1", "next": target})
        assert answer.headers["Location"] == default, target
    assert owner.post(url("order_flag", order), {"flag": "1", "next": own}).headers["Location"] == own


def test_the_page_takes_few_queries_however_much_is_on_it(shop, owner, django_assert_max_num_queries):
    lines = [make.line(f"Tea {i}", quantity=1) for i in range(12)]
    parcels = [make.parcel(f"SF{i}", contents={line.number: 1}) for i, line in enumerate(lines)]
    order = make.order(shop, Status.SHIPPED, lines=lines, parcels=parcels)
    opened(owner, order)
    with django_assert_max_num_queries(19):
        opened(owner, order)
