"""The pages of stock: the list, a SKU with its ledger and its doors, counts from a file."""

from __future__ import annotations

import io
import re

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from openpyxl import Workbook

from orders import inventory, stock_counts
from orders.models import Sku, StockMovement
from orders.states import Status
from orders.views.stock import StockDetail
from sellercenter import events
from sellercenter.models import Event
from sellercenter.permissions import BUYER, SYSTEM
from tests import make
from tests.conftest import fresh, url
from tests.orders.test_inventory import broken, lines_of, sku_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(shop):
    """An unpaid order that has two of ten cups, all three pots and two uncounted lids."""
    lines = [
        make.line("Cup", seller_sku="cup-1", variant="white"),
        make.line("Pot", quantity=3, seller_sku="pot-1"),
        make.line("Lid", seller_sku="lid-1"),
    ]
    order = make.order(shop, Status.UNPAID, lines=lines)
    for title, on_hand in (("Cup", 10), ("Pot", 3)):
        inventory.count(sku_of(shop, title), on_hand=on_hand, reason="", by=SYSTEM)
    with transaction.atomic():
        inventory.reserve(order, lines_of(order), by=BUYER)
    return order


def listed(answer):
    return [sku.code for sku in answer.context["table"]["rows"]]


def cells(answer):
    """Return the words of each row of the list."""
    rows = re.findall(r"<tr(?: class=[^>]*)?>(<td.*?)(?=<tr|</tbody>)", answer.text, flags=re.S)
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in re.split(r"<td[^>]*>", row)[1:]] for row in rows]


def test_the_list_shows_what_is_there_what_is_reserved_and_what_is_left(order, shop, view_only):
    answer = view_only.get(url("stock_list", shop))
    assert cells(answer) == [
        ["pot-1", "Pot", "", "Sold out", "0", "3", "3", "5 (shop)"],
        ["cup-1", "Cup", "white", "Enough", "8", "10", "2", "5 (shop)"],
        ["lid-1", "Lid", "", "Not counted", "—", "—", "—", "5 (shop)"],
    ]
    answer.keeps_quiet_about("Upload counts")


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({"tab": "low"}, ["pot-1"]),
        ({"tab": "out"}, ["pot-1"]),
        ({"tab": "uncounted"}, ["lid-1"]),
        ({"tracked": "yes"}, ["pot-1", "cup-1"]),
        ({"tracked": "no"}, ["lid-1"]),
        ({"q": "CUP"}, ["cup-1"]),
        ({"q": "k-lid"}, ["lid-1"]),
        ({"q": "whit"}, ["cup-1"]),
        ({"available_from": "1"}, ["cup-1"]),
        ({"available_to": "7"}, ["pot-1"]),
        ({"sort": "-available"}, ["cup-1", "pot-1", "lid-1"]),
        ({"sort": "sku"}, ["cup-1", "lid-1", "pot-1"]),
    ],
)
def test_the_list_is_narrowed_and_sorted(order, shop, owner, query, codes):
    assert listed(owner.get(url("stock_list", shop), query)) == codes


def test_a_limit_of_its_own_makes_a_sku_low(order, shop, owner):
    owner.post(url("stock_limit", sku_of(shop, "Cup")), {"low_at": "8"}).says("The limit is set.")
    assert listed(owner.get(url("stock_list", shop), {"tab": "low"})) == ["pot-1", "cup-1"]


def test_the_navigation_counts_the_skus_that_are_low(order, shop, owner):
    answer = owner.get(url("stock_list", shop))
    places = {item["label"]: item for group in answer.context["nav"] for item in group["items"]}
    assert (places["Stock"]["count"], places["Stock"]["active"]) == ("1", True)
    assert places["Unpaid"]["count"] == "1"


def test_a_sku_shows_its_ledger_with_the_orders_behind_it(order, shop, view_only):
    answer = view_only.get(url("stock_detail", sku_of(shop, "Cup")))
    assert answer.context["sku"]["badge"]["label"] == "Enough"
    assert [(row["label"], row["on_hand"], row["reserved"], row["actor"]) for row in answer.context["movements"]] == [
        ("Reserved by an order", "", "+2", "Buyer"),
        ("Counted", "+10", "", "System"),
    ]
    answer.says(order.number).says(url("order_detail", order))
    assert answer.context["sku"]["forms"] == []


def test_the_ledger_says_when_units_were_missing_and_when_an_order_became_smaller(order, shop, owner):
    cup, pot, _lid = lines_of(order)
    with transaction.atomic():
        inventory.lessen(cup, to=1, by=SYSTEM)
        inventory.take(order, {pot.pk: 5}, by=SYSTEM)
    assert owner.get(url("stock_detail", cup.sku)).context["movements"][0]["label"] == "The order became smaller"
    shown = owner.get(url("stock_detail", pot.sku)).context["movements"][0]
    assert (shown["on_hand"], shown["reserved"]) == ("−3", "−3")
    assert shown["reason"] == "2 units more were shipped than the stock knew of."
    assert broken() == []


def test_the_ledger_is_read_page_by_page(shop, owner, monkeypatch):
    make.order(shop)
    sku = sku_of(shop)
    for number in range(1, 8):
        inventory.count(sku, on_hand=number, reason=f"round {number}", by=SYSTEM)
    monkeypatch.setattr(StockDetail, "per_page", 3)
    answer, seen = owner.get(url("stock_detail", sku)), []
    while True:
        seen.append([row["reason"][-1] for row in answer.context["movements"]])
        if not answer.context["pager"]["next_url"]:
            break
        answer = owner.get(answer.context["pager"]["next_url"])
    assert seen == [["7", "6", "5"], ["4", "3", "2"], ["1"]]
    back = owner.get(answer.context["pager"]["prev_url"])
    assert [row["reason"][-1] for row in back.context["movements"]] == ["4", "3", "2"]
    owner.get(url("stock_detail", sku), {"after": "nonsense"}).says("This page address is damaged.")


def test_whoever_may_change_stock_counts_adjusts_and_sets_the_limit(order, shop, packing):
    lid = sku_of(shop, "Lid")
    ids = [one["id"] for one in packing.get(url("stock_detail", lid)).context["sku"]["forms"]]
    assert ids == ["stock-count", "stock-limit"]
    packing.post(url("stock_adjust", lid), {"change": "1", "reason": "found"}).says("Count it first.")
    packing.post(url("stock_count", lid), {"on_hand": "12", "reason": "shelf 3"}).says("The count is entered.")
    packing.post(url("stock_adjust", lid), {"change": "-2", "reason": "broken"}).says("The stock is adjusted.")
    assert (fresh(lid).on_hand, fresh(lid).tracked) == (10, True)
    assert list(StockMovement.objects.filter(sku=lid).order_by("pk").values_list("on_hand", "reason")) == [
        (12, "shelf 3"),
        (-2, "broken"),
    ]
    assert {one.member for one in events.of(lid)} == {packing.member}


@pytest.mark.parametrize(
    ("door", "data", "words"),
    [
        ("stock_count", {"on_hand": ""}, "Write how many units are on hand."),
        ("stock_count", {"on_hand": "-1"}, "greater than or equal to 0"),
        ("stock_count", {"on_hand": "1"}, "Orders have reserved 2 units"),
        ("stock_adjust", {"change": "0", "reason": "x"}, "Write how many units came or went."),
        ("stock_adjust", {"change": "5", "reason": ""}, "Say why the stock changes."),
        ("stock_adjust", {"change": "-9", "reason": "stolen"}, "Orders have reserved 2 units"),
        ("stock_adjust", {"change": "5", "reason": "x" * 121}, "at most 120 characters"),
        ("stock_limit", {"low_at": "99999999999"}, "less than or equal to"),
    ],
)
def test_what_makes_no_sense_is_told_and_changes_nothing(order, shop, owner, door, data, words):
    cup = sku_of(shop, "Cup")
    before = list(Sku.objects.order_by("pk").values()), StockMovement.objects.count(), Event.objects.count()
    owner.post(url(door, cup), data).says(words)
    assert (list(Sku.objects.order_by("pk").values()), StockMovement.objects.count(), Event.objects.count()) == before


# --- Counts from a file -----------------------------------------------------------------------------------------------


def upload(person, shop, content, name="counts.csv"):
    content = content.encode() if isinstance(content, str) else content
    return person.post(url("stock_upload", shop), {"file": SimpleUploadedFile(name, content)})


def rows_of(answer):
    return [(row["name"], row["before"], row["after"], row["problem"]) for row in answer.context["preview"]["rows"]]


def agree(person, shop, answer):
    return person.post(url("stock_counts", shop), {"counts": answer.context["preview"]["counts"]})


def test_a_file_is_looked_at_first_and_counted_in_one_go(order, shop, packing):
    before = list(Sku.objects.order_by("pk").values())
    answer = upload(packing, shop, "Seller SKU,On hand\ncup-1,25\nlid-1,7\npot-1,3\n")
    answer.says("2 SKUs get another count.").says("1 row says what is known already.")
    assert rows_of(answer) == [("cup-1", "10", "25", ""), ("lid-1", "—", "7", "")]
    assert list(Sku.objects.order_by("pk").values()) == before
    agree(packing, shop, answer).says("2 SKUs are counted.")
    assert [fresh(sku_of(shop, title)).on_hand for title in ("Cup", "Lid", "Pot")] == [25, 7, 3]
    assert StockMovement.objects.filter(member=packing.member, kind="count").count() == 2
    assert broken() == []
    agree(packing, shop, answer).says("0 SKUs are counted.")


def test_each_row_that_cannot_be_taken_says_why_and_the_others_are_counted(order, shop, owner):
    make.order(shop, lines=[make.line("Twin A", seller_sku="twin"), make.line("Twin B", seller_sku="twin")])
    rows = ["cup-1,1", "nobody,5", "pot-1,many", "lid-1,4", "lid-1,5", "twin,3", ",3", "K-Twin B,２", "pot-1,-3"]
    answer = upload(owner, shop, "SKU;On hand\n" + "\n".join(row.replace(",", ";") for row in rows))
    answer.says("8 rows can't be taken and are left out.")
    assert {(name, problem) for name, _before, _after, problem in rows_of(answer)} == {
        ("cup-1", "Orders have reserved 2 units already. Cancel orders first, or count again."),
        ("nobody", "No SKU of this shop has this code or id."),
        ("pot-1", "“many” is not a number of units."),
        ("pot-1", "“-3” is not a number of units."),
        ("lid-1", "The rows 5, 6 count the same SKU. Keep one of them."),
        ("twin", "2 SKUs share this code. Write the SKU id instead."),
        ("—", "The SKU is missing."),
        ("K-Twin B", ""),
    }
    agree(owner, shop, answer).says("1 SKU is counted.")
    assert fresh(sku_of(shop, "Twin B")).on_hand == 2


def test_a_workbook_with_chinese_heads_is_read_by_sku_id(order, shop, owner):
    book, file = Workbook(), io.BytesIO()
    for row in (["盘点表"], ["商家编码", "SKU ID", "库存"], ["", "K-Cup", 12.0], ["lid-1", "", 3]):
        book.active.append(row)
    book.save(file)
    answer = upload(owner, shop, file.getvalue(), "counts.xlsx")
    assert rows_of(answer) == [("K-Cup", "10", "12", ""), ("lid-1", "—", "3", "")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "The file is empty."),
        ("SKU,Colour\ncup-1,red\n", "The table needs a column “SKU” and a column “On hand”"),
        ("SKU,On hand\n", "There is no row below the head of the table."),
        (b"%PDF-1.7", "This is a file of the kind PDF."),
        ("SKU,On hand\n" + "a,1\n" * (stock_counts.MOST_ROWS + 1), "more than 10000 rows"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(shop, owner, content, words):
    answer = upload(owner, shop, content)
    assert answer.code == 422
    assert words in answer.content.decode()


def test_a_file_that_is_far_too_large_is_refused(shop, owner):
    answer = upload(owner, shop, "SKU,On hand\n" + " " * stock_counts.MOST_BYTES)
    assert (answer.code, "larger than 10 MB" in answer.content.decode()) == (422, True)


def test_a_file_names_nothing_of_another_shop(order, shop, other_shop, owner):
    make.order(other_shop, lines=[make.line("Foreign", seller_sku="foreign-1")])
    answer = upload(owner, shop, "SKU,On hand\nforeign-1,5\nK-Foreign,5\n")
    assert {problem for *_rest, problem in rows_of(answer)} == {"No SKU of this shop has this code or id."}
    assert answer.context["preview"]["counts"] == ""


def test_counts_that_nobody_looked_at_here_are_refused(order, shop, other_shop, owner):
    cup = sku_of(shop, "Cup")
    forged = signing.dumps([[cup.pk, 1000]], salt="stock-counts", compress=True)
    for counts in (forged, "nonsense", stock_counts.seal(other_shop, stock_counts_of(cup, 1000))):
        owner.post(url("stock_counts", shop), {"counts": counts}).says("Upload the file again.")
    assert fresh(cup).on_hand == 10


def stock_counts_of(sku, counted):
    return [stock_counts.Told(1, sku.code, str(counted), sku, counted)]


def test_what_was_looked_at_too_long_ago_is_refused(order, shop, owner, monkeypatch):
    answer = upload(owner, shop, "SKU,On hand\ncup-1,25\n")
    monkeypatch.setattr(stock_counts, "_KEPT_SECONDS", -1)
    agree(owner, shop, answer).says("What you looked at is too old.")
    assert fresh(sku_of(shop, "Cup")).on_hand == 10


def test_what_orders_reserved_after_the_look_is_left_alone_and_named(order, shop, owner):
    answer = upload(owner, shop, "SKU,On hand\ncup-1,2\nlid-1,9\n")
    second = make.order(shop, Status.UNPAID, lines=[make.line("Cup", quantity=1)])
    with transaction.atomic():
        inventory.reserve(second, lines_of(second), by=BUYER)
    agree(owner, shop, answer).says("1 SKU is counted.").says("orders have reserved more meanwhile: cup-1.")
    assert (fresh(sku_of(shop, "Cup")).on_hand, fresh(sku_of(shop, "Lid")).on_hand) == (10, 9)
    assert broken() == []


def test_counts_that_are_sent_twice_overwrite_no_sale_in_between(order, shop, owner):
    answer = upload(owner, shop, "SKU,On hand\ncup-1,25\nlid-1,7\n")
    agree(owner, shop, answer).says("2 SKUs are counted.")
    inventory.adjust(sku_of(shop, "Cup"), change=-3, reason="sold at the door", by=owner.actor)
    again = agree(owner, shop, answer).says("0 SKUs are counted.")
    again.says("their stock has changed since you looked: cup-1.").keeps_quiet_about("lid-1.")
    assert [fresh(sku_of(shop, title)).on_hand for title in ("Cup", "Lid")] == [22, 7]
    assert broken() == []


def test_a_stock_that_changed_between_the_look_and_the_yes_is_left_alone(order, shop, owner):
    answer = upload(owner, shop, "SKU,On hand\ncup-1,25\nlid-1,7\npot-1,4\n")
    inventory.adjust(sku_of(shop, "Cup"), change=2, reason="found", by=owner.actor)
    inventory.count(sku_of(shop, "Lid"), on_hand=9, reason="", by=owner.actor)
    agree(owner, shop, answer).says("1 SKU is counted.").says("since you looked: cup-1, lid-1.")
    assert [fresh(sku_of(shop, title)).on_hand for title in ("Cup", "Lid", "Pot")] == [12, 9, 4]


def test_only_the_first_rows_of_a_long_file_are_shown_and_all_are_counted(shop, owner):
    lines = [make.line(f"Tea {number}", seller_sku=f"tea-{number}", quantity=1) for number in range(320)]
    make.order(shop, lines=lines)
    text = "SKU,On hand\n" + "".join(f"tea-{number},{number + 1}\n" for number in range(320))
    answer = upload(owner, shop, text)
    assert (len(rows_of(answer)), answer.context["preview"]["hidden"]) == (300, 20)
    agree(owner, shop, answer).says("320 SKUs are counted.")
    assert sorted(Sku.objects.for_shop(shop).values_list("on_hand", flat=True)) == list(range(1, 321))
