"""Reviews: how they come in, how they are answered, and what a week of them says."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command

from aftersales import reply_rules, review_files, reviews
from aftersales.models import Review
from aftersales.review_weeks import weekly
from orders.models import OrderLine
from sellercenter import events, invariants
from sellercenter.imports import UnreadableFile
from sellercenter.lifecycle import Refused
from sellercenter.models import Event
from sellercenter.permissions import BUYER, CHANNEL, SYSTEM
from tests import make
from tests.aftersales import talk
from tests.conftest import fresh, row, told, url
from tests.together import at_once, in_threads

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(shop):
    """An order of tea and of two cups."""
    return make.order(shop, lines=[make.line("Tea"), make.line("Cup", sku_number="CUP-1")])


# --- Coming in --------------------------------------------------------------------------------------------------------


def test_a_review_counts_once_and_keeps_its_first_stars(order, shop):
    facts = talk.facts(order, rating=1, number="R1")
    first = reviews.add(shop, facts, by=CHANNEL)
    reviews.add(shop, facts, by=CHANNEL)
    more = {"words": "Now it works.", "more_words": "They sent a new one.", "more_at": make.NOW}
    again = reviews.add(shop, talk.facts(order, rating=5, number="R1", **more), by=CHANNEL)
    assert (again.pk, Review.objects.count()) == (first.pk, 1)
    assert (again.rating, again.first_rating, again.words) == (5, 1, "Now it works.")
    assert (again.more_words, again.more_at) == ("They sent a new one.", make.NOW)
    # An older file that knows of no addition takes none away.
    reviews.add(shop, talk.facts(order, rating=5, number="R1", words="Now it works."), by=CHANNEL)
    assert fresh(first).more_words == "They sent a new one."
    assert told(first) == ["review.negative", "review.changed"]


def test_a_review_is_put_down_to_its_line(order, shop):
    tea, cup = order.lines.order_by("position")
    assert talk.review(order, sku="CUP-1").line == cup
    assert talk.review(order, line=tea.number).product == tea.product
    whole = talk.review(order)
    assert (whole.line, whole.product, whole.buyer) == (None, tea.product, order.buyer)
    apart = talk.review(order, order="", product="P-Cup")
    assert (apart.order, apart.product) == (None, cup.product)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"order": "nowhere"}, "no order with the number “nowhere”"),
        ({"sku": "other"}, "has no such line"),
        ({"order": ""}, "Name the order, the SKU or the product"),
        ({"order": "", "product": "other"}, "no product with the number “other”"),
        ({"number": ""}, "needs its number"),
        ({"number": "x" * 65}, "needs its number"),
        ({"rating": 0}, "Stars go from 1 to 5."),
        ({"rating": 6}, "Stars go from 1 to 5."),
        ({"at": make.NOW + timedelta(days=3)}, "in the future"),
    ],
)
def test_a_review_that_makes_no_sense_is_refused_and_changes_nothing(order, wrong, says):
    with pytest.raises(Refused, match=says):
        talk.review(order, **wrong)
    assert Review.objects.count() == 0


def test_an_order_of_another_shop_is_none_of_ours(order, other_shop):
    with pytest.raises(Refused, match="no order"):
        reviews.add(other_shop, talk.facts(order), by=CHANNEL)


def test_an_old_negative_review_calls_nobody_and_people_need_the_right_to_import(order, shop, owner, service):
    assert told(talk.review(order, at=make.NOW - timedelta(days=30))) == ["review.added"]
    assert told(talk.review(order, rating=3)) == ["review.added"]
    reviews.add(shop, talk.facts(order), by=owner.actor)
    with pytest.raises(PermissionDenied):
        reviews.add(shop, talk.facts(order), by=service.actor)


@pytest.mark.django_db(transaction=True)
def test_two_loads_at_once_take_each_review_once(shop):
    order = make.order(shop)
    facts = [talk.facts(order, number=f"R{i}") for i in range(40)]
    results: list[int] = []
    in_threads(*([lambda: results.append(reviews.load(shop, facts, by=SYSTEM).new)] * 3))
    assert sorted(results) == [0, 0, 40]
    assert Review.objects.count() == 40
    assert Event.objects.filter(kind="review.negative").count() == 40


# --- From a file ------------------------------------------------------------------------------------------------------

OURS = """review no.,order no.,SKU id,stars,review,written,later addition,reply,colour
R1,{order},CUP-1,1,"Broken, ""twice""
and late",2026-03-02 10:00,Still broken,,red
R2,{order},,5,,2026-03-02T10:00+00:00,,Thank you,red
R2,{order},,4,again,2026-03-03 10:00,,,red
R3,nowhere,,4,good,2026-03-02 10:00,,,red
R4,{order},,nine,good,2026-03-02 10:00,,,red
R5,{order},,4,good,,,,red
"""
OLIST = """"review_id","order_id","review_score","review_comment_title","review_comment_message",\
"review_creation_date","review_answer_timestamp"
"r","{a}",4,,,2018-01-18 00:00:00,2018-01-18 21:46:59
"r","{b}",2,Ruim,"n\u00e3o chegou",2018-01-18 00:00:00,
"""


def bring(path, text, shop, code=0):
    path.write_text(text, encoding="utf-8")
    out = StringIO()
    try:
        call_command("import_reviews", str(path), "--shop", shop.code, "--json", stdout=out)
        ended = 0
    except SystemExit as left:
        ended = left.code
    assert ended == code
    return json.loads(out.getvalue())


def test_a_file_comes_in_row_by_row_and_the_same_file_changes_nothing(order, shop, tmp_path):
    path = tmp_path / "reviews.csv"
    report = bring(path, OURS.format(order=order.number), shop, 1)
    assert [report[name] for name in ("new", "changed", "same", "refused")] == [2, 0, 0, 4]
    assert report["unknown"] == ["colour"]
    reasons = (tmp_path / "reviews.errors.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    assert [line.split(",")[0] for line in reasons] == ['"4"', '"6"', '"7"', '"5"']
    assert "in an earlier row already" in reasons[0]
    assert "no order with the number" in reasons[3]
    broken, thanked = Review.objects.order_by("number")
    assert (broken.words, broken.product.title) == ('Broken, "twice"\nand late', "Cup")
    assert (broken.at.isoformat(), broken.more_words) == ("2026-03-02T02:00:00+00:00", "Still broken")
    assert (thanked.reply, thanked.replied_at, thanked.rating) == ("Thank you", thanked.at, 5)
    before = list(Review.objects.values()), Event.objects.count()
    report = bring(path, OURS.format(order=order.number), shop, 1)
    assert [report[name] for name in ("new", "changed", "same")] == [0, 0, 2]
    assert (list(Review.objects.values()), Event.objects.count()) == before


def test_olist_tells_one_review_of_several_orders(shop, tmp_path):
    a, b = (make.order(shop, number=prefix * 32) for prefix in "ab")
    report = bring(tmp_path / "olist.csv", OLIST.format(a=a.number, b=b.number), shop)
    assert (report["new"], report["unknown"]) == (2, [])
    assert {one.order: one.words for one in Review.objects.all()} == {a: "", b: "Ruim\nn\u00e3o chegou"}


def test_of_a_file_that_can_not_be_read_to_its_end_nothing_is_written(order, shop, tmp_path, monkeypatch):
    monkeypatch.setattr(review_files, "BATCH", 1)
    path = tmp_path / "torn.csv"
    path.write_text(
        f'review no.,order no.,stars,written\nR1,{order.number},5,2026-03-02\nR2,"{order.number},5,2026-03-02\n'
    )
    with pytest.raises(UnreadableFile, match="quotation mark"):
        review_files.import_file(shop, path, errors=tmp_path / "errors.csv", by=SYSTEM)
    assert not Review.objects.exists()


def test_a_table_without_stars_is_told_so(shop, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("review no.,written\nR1,2026-03-02 10:00\n")
    said = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("import_reviews", str(path), "--shop", shop.code, stderr=said)
    assert left.value.code == 2
    assert "“stars”" in said.getvalue()


def test_many_reviews_cost_a_handful_of_queries(order, shop, django_assert_max_num_queries):
    facts = [talk.facts(order) for _i in range(500)]
    with django_assert_max_num_queries(14):
        assert reviews.load(shop, facts, by=SYSTEM).new == 500


# --- Answering --------------------------------------------------------------------------------------------------------

BOUGHT = [
    "We will refund 5 pounds if you change your review.",
    "Please update the rating and a VOUCHER is yours.",
    "Five stars and we send you a gift!",
    "A better rating? £10 back to you.",
    "改好评返现5元",
    "亲，删\u200b除 差 评给您发红包",
    "麻烦追加好评，送您优惠券",
    "好评返现",
    "给个五星，转账 10 元",
    "退.款给您，请修改评价",
    "改\u202e好\u2066评\u180e返\ufe0f现",
    "Chan\u2069ge your re\u034fview for a ref\U000e0041und.",
]
FINE = [
    "We are sorry. Your refund has left today.",
    "Thank you for your review, and for the photo.",
    "Sorry that the cup broke; we have sent a new one, free of charge.",
    "很抱歉给您带来不便，退款今天会到账。",
    "感谢您的评价，我们会改进包装。",
    "给您退款，感谢您的评价。",
]


@pytest.mark.parametrize("words", BOUGHT)
def test_nothing_is_offered_for_a_better_rating(order, owner, words):
    review = talk.review(order)
    before = row(review)
    with pytest.raises(Refused, match="forbid"):
        reviews.reply(review, words=words, seen=reviews.said(review), by=owner.actor)
    assert row(review) == before


@pytest.mark.parametrize("words", FINE)
def test_plain_words_are_no_bribe(words):
    assert reply_rules.objection(words) is None


def test_a_review_is_answered_once(order, after_sales, owner):
    review = talk.review(order)
    seen = reviews.said(review)
    reviews.reply(review, words=" We are sorry. ", seen=seen, by=after_sales.actor)
    with pytest.raises(Refused, match="already"):
        reviews.reply(review, words="So are we.", seen=seen, by=owner.actor)
    stored = fresh(review)
    assert (stored.reply, stored.replied_by, stored.replied_label) == (
        "We are sorry.",
        after_sales.member,
        after_sales.actor.label,
    )
    assert told(review) == ["review.negative", "review.replied"]
    # The platform's file does not know of our answer yet, and does not take it away.
    reviews.add(order.shop, talk.facts(order, number=review.number, reply="Other"), by=CHANNEL)
    assert fresh(review).reply == "We are sorry."


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_stands(shop, owner):
    review = talk.review(make.order(shop))

    def answer(words):
        reviews.reply(Review.objects.get(pk=review.pk), words=words, seen=reviews.said(review), by=owner.actor)

    assert at_once(lambda: answer("One."), lambda: answer("Two.")) == ["answered", "done"]
    assert told(review).count("review.replied") == 1


def test_a_review_that_changed_meanwhile_is_read_again(order, owner):
    review = talk.review(order)
    seen = reviews.said(review)
    reviews.add(order.shop, talk.facts(order, number=review.number, more_words="And late."), by=CHANNEL)
    with pytest.raises(Refused, match="changed the review meanwhile"):
        reviews.reply(review, words="Sorry.", seen=seen, by=owner.actor)
    with pytest.raises(PermissionDenied):
        reviews.reply(review, words="Sorry.", seen=seen, by=BUYER)


def test_a_review_is_classified_and_a_colleague_is_not_overruled_unseen(order, owner):
    review = talk.review(order)
    seen = reviews.classed(review)
    reviews.classify(review, cause="package", seller_fault=True, seen=seen, by=owner.actor)
    with pytest.raises(Refused, match="meanwhile"):
        reviews.classify(review, cause="quality", seller_fault=False, seen=seen, by=owner.actor)
    assert (fresh(review).cause, fresh(review).seller_fault) == ("package", True)
    reviews.classify(review, cause="package", seller_fault=True, seen=seen, by=owner.actor)
    assert told(review) == ["review.negative", "review.classified"]


# --- Pages ------------------------------------------------------------------------------------------------------------


def test_a_negative_review_is_answered_at_its_page(order, shop, service):
    review = talk.review(order, words="<script>alert(1)</script> see https://bad.example")
    talk.canned_reply(shop, "sorry", "Dear {buyer}, sorry about {order}. {nobody}", use="review")
    page = service.get(url("review_detail", review))
    page.says("<script>alert(1)</script>")
    assert b"<script>alert" not in page.landed.content
    assert b'href="https://bad' not in page.landed.content
    page.says(f"Dear tea lover, sorry about {order.number}. {{nobody}}")
    picked = service.get(url("review_detail", review), {"canned": "1"})
    seen = picked.context["reply_form"]["form"]["seen"].value()
    refused = service.post(url("review_reply", review), {"words": BOUGHT[0], "seen": seen})
    assert refused.code == 422
    assert BOUGHT[0] in refused.text
    service.post(url("review_reply", review), {"words": "We are sorry.", "seen": seen}).says("The answer is kept.")
    data = {"cause": "quality", "fault": "ours", "seen": page.context["class_form"]["form"]["seen"].value()}
    service.post(url("review_classify", review), data).says("The review is classified.").says("Our fault")
    assert service.get(url("review_list", shop), {"tab": "to_answer"}).context["table"]["rows"] == []


def test_whoever_may_only_look_gets_no_forms(order, view_only):
    page = view_only.get(url("review_detail", talk.review(order)))
    assert (page.context["reply_form"], page.context["class_form"]) == (None, None)


def test_filters_narrow_the_list(order, shop, owner):
    tea = talk.review(order, rating=2, words="bitter")
    cup = talk.review(order, rating=5, sku="CUP-1", words="fine")
    reviews.classify(tea, cause="quality", seller_fault=False, seen=reviews.classed(tea), by=SYSTEM)
    for query, found in [
        ({"stars": "2"}, [tea]),
        ({"negative": "no"}, [cup]),
        ({"cause": "quality"}, [tea]),
        ({"classified": "no"}, [cup]),
        ({"fault": "other"}, [tea]),
        ({"product": "P-Cup"}, [cup]),
        ({"product": "tea"}, [tea]),
        ({"words": "BITTER"}, [tea]),
        ({"q": order.number}, [cup, tea]),
        ({"q": tea.number}, [tea]),
        ({"tab": "negative"}, [tea]),
    ]:
        assert owner.get(url("review_list", shop), query).context["table"]["rows"] == found, query


def test_each_number_of_the_weeks_opens_the_reviews_that_it_counts(order, shop, owner):
    lines = [line.number for line in OrderLine.objects.filter(order=order).order_by("position")]
    for i in range(24):
        at = make.NOW - timedelta(days=3 * i, hours=i)
        one = talk.review(order, rating=1 + i % 5, at=at, line=lines[i == 1])
        if i % 3 == 0:
            cause = ["quality", "delivery"][i % 2]
            reviews.classify(one, cause=cause, seller_fault=True, seen=reviews.classed(one), by=SYSTEM)
    page = owner.get(url("review_weeks", shop))
    numbers = 0
    for product in page.context["products"]:
        for week in product["rows"]:
            for one in (*week["cells"], week["negative"], week["every"]):
                assert len(owner.get(one["url"]).context["table"]["rows"]) == one["n"], one["url"]
                numbers += one["n"]
            assert sum(cell["n"] for cell in week["cells"]) == week["negative"]["n"]
            assert week["share"] != "—" or week["every"]["n"] == 0
    assert numbers > 20
    page.says("—")


def test_weeks_begin_on_mondays_of_the_shop(order, shop):
    # Sunday evening in London is Monday in Shanghai.
    talk.review(order, at=make.NOW.replace(year=2026, month=3, day=1, hour=17, minute=0))
    found = weekly(shop, now=make.NOW.replace(year=2026, month=3, day=4, hour=1), weeks=2)
    assert [(f"{week.begins}", week.negative) for week in found[0].weeks] == [("2026-03-02", 1), ("2026-02-23", 0)]


def test_nothing_that_must_hold_is_broken(shop):
    talk.some_reviews(shop, 12)
    assert invariants.check(live=True) == []
    assert events.of(Review.objects.first()).exists()
