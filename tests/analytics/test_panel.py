"""The panel shows every figure of a period beside other days, opens what it counts, and hands its tables out."""

from __future__ import annotations

import csv
import re
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from analytics import beside, cards, figures, rollups
from analytics.compared import Change, change
from analytics.figures import Sums
from analytics.kpis import KPIS
from analytics.models import Dirt
from analytics.periods import Period
from orders.states import Status
from sellercenter.models import Event
from sellercenter.permissions import Perm
from tests import make
from tests.conftest import url

pytestmark = pytest.mark.django_db
D = Decimal
FIRST, LAST = date(2026, 3, 2), date(2026, 3, 8)
WEEK = "?period=custom&from=2026-03-02&to=2026-03-08"


def at(shop, day, hour=10):
    return datetime(2026, 3, day, hour, tzinfo=shop.zone)


@pytest.fixture
def week(shop):
    """A week with four orders, three of them paid, and a week before it with one."""
    told = [
        make.facts(shop, Status.UNPAID, placed_at=at(shop, 3)),
        make.facts(shop, Status.TO_SHIP, placed_at=at(shop, 3), lines=[make.line(quantity=1, price="30.00")]),
        *(_sent(shop, day, "45.00") for day in (4, 8)),
        make.facts(shop, Status.TO_SHIP, placed_at=datetime(2026, 2, 24, 10, tzinfo=shop.zone)),
    ]
    make.orders(shop, told)
    for month in (date(2026, 2, 1), date(2026, 3, 1)):
        rollups.rebuild_month(shop, month)
    Dirt.objects.all().delete()
    return Period(FIRST, LAST)


def _sent(shop, day, price):
    """Tell of an order that was paid after an hour, shipped after five, and delivered after nine."""
    times = {"shipped_at": at(shop, day, 15), "delivered_at": at(shop, day, 19)}
    return make.facts(
        shop, Status.DELIVERED, placed_at=at(shop, day), lines=[make.line(quantity=1, price=price)], **times
    )


def panel(person, shop, query=WEEK):
    return person.get(url("figures", shop) + query)


def card(page, code):
    """Return the card of a figure as text, and the addresses that it leads to."""
    html = next(one for one in re.findall(r'<li class="kpi .*?</li>', page.text, re.S) if f'id="tip-{code}"' in one)
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()
    return words, re.findall(r'href="([^"]+)"', html)


def sheet(person, shop, table, query=WEEK):
    answer = panel(person, shop, f"{query}&download=csv&table={table}")
    assert answer.code == 200
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline="")))


def below(rows):
    """Return what stands under the notes and the head of a downloaded table."""
    return rows[rows.index([]) + 2 :]


def test_a_card_tells_its_value_its_change_and_what_it_is_made_of(data, shop, week):
    page = panel(data, shop)
    words, _links = card(page, "placed")
    assert words.startswith("Orders placed Orders that were placed. Counted when the order was placed. 4 +300.0 %")
    assert "(better) from 1" in words
    words, links = card(page, "payment_conversion")
    assert "75.00 % −25.0 pp (worse) from 100.00 % 3 ÷ 4" in words
    assert links[0].startswith(f"{url('order_list', shop)}?counted=paid&placed_from=2026-03-02&placed_to=2026-03-08")
    assert links[1].startswith(f"{url('order_list', shop)}?counted=all&placed_from=2026-03-02&placed_to=2026-03-08")


@pytest.mark.parametrize(
    ("code", "value", "before", "said", "good"),
    [
        ("gmv", "1099", "100", "+999.0 %", True),
        ("gmv", "189287", "100", "×1,893", True),
        ("cancelled", "1200", "100", "×12", False),
        ("cancelled", "75", "100", "−25.0 %", True),
        ("commission", "75", "100", "−25.0 %", None),
        ("payment_conversion", "0.5", "0.5", "±0.0 pp", None),
    ],
)
def test_a_change_is_told_as_people_read_it(code, value, before, said, good):
    assert change(KPIS[code], D(value), D(before)) == Change(said, good)


def test_a_day_that_is_not_over_is_no_bad_news(shop):
    fewer, was = Sums({"placed": 1}), Sums({"placed": 2})
    for today, good in ((FIRST, None), (LAST, False)):
        days = Period(FIRST, FIRST)
        read = cards.Read.of(days, [(days, fewer)], [(days, was)], {}, today=today)
        told = cards.card(KPIS["placed"], read, shop, opens=lambda name: True)
        assert told["change"] == {"text": "−50.0 %", "good": good}


def test_a_mean_time_has_its_median_and_its_90th_percentile_beside_it(data, shop, week):
    words, _links = card(panel(data, shop), "ship_time")
    assert re.search(r" 4 h 0 min from — Median 3 h 5[8-9] min 90 % within 3 h 5[8-9] min$", words)


def test_each_figure_of_days_has_a_card_and_each_trend_can_be_drawn(owner, shop, week):
    page = panel(owner, shop)
    for kpi in cards.DAILY:
        words, links = card(page, kpi.code)
        assert words.startswith(str(kpi.label))
        assert kpi.say(kpi.value(figures.totals(shop, week)), shop) in words
        assert links[0] == kpi.link(shop, week)
    chosen = [panel(owner, shop, f"{WEEK}&kpi={code}") for code in ("aov", "ship_time", "payment_conversion")]
    assert [re.search(r'"unit": "(\w+)"', one.text).group(1) for one in chosen] == ["money", "seconds", "ratio"]


def test_a_share_of_nothing_is_a_dash(data, shop, week):
    page = panel(data, shop, "?period=custom&from=2025-03-02&to=2025-03-08&compare=")
    assert " — 0 ÷ 0" in card(page, "payment_conversion")[0]
    assert " ¥0.00" in card(page, "gmv")[0]
    page.says("Nothing in this time.")


def test_the_trend_has_a_row_for_each_day_beside_that_of_the_other_days(data, shop, week):
    rows = below(sheet(data, shop, "trend"))
    assert rows == [
        *(["2026-03-02", "0", "0"], ["2026-03-03", "2", "1"], ["2026-03-04", "1", "0"], ["2026-03-05", "0", "0"]),
        *(["2026-03-06", "0", "0"], ["2026-03-07", "0", "0"], ["2026-03-08", "1", "0"]),
    ]
    trend = panel(data, shop).text.partition('id="table-trend"')[2]
    assert f'href="{KPIS["placed"].link(shop, Period(date(2026, 3, 3), date(2026, 3, 3)))}">2</a>' in trend


def test_a_long_period_is_cut_by_weeks_that_end_with_it(shop, week):
    [trend] = beside.trends(shop, [Period(date(2026, 2, 25), date(2026, 3, 7))], "week", {"placed"})
    assert [(part.first, part.last, sums["placed"]) for part, sums in trend] == [
        (date(2026, 2, 25), date(2026, 3, 1), 0),
        (date(2026, 3, 2), date(2026, 3, 7), 3),
    ]


def test_two_periods_that_overlap_are_told_apart(shop, week):
    whole = Period(date(2026, 2, 23), LAST)
    both = beside.trends(shop, [week, whole], "day", {"placed", "paid_amount"})
    assert [beside.total(trend)["placed"] for trend in both] == [4, 5]
    assert beside.total(both[0])["paid_amount"] == D("120.00")
    [months] = beside.trends(shop, [whole], "month", {"placed"})
    assert [sums["placed"] for _part, sums in months] == [1, 4]


def test_the_funnel_follows_the_orders_that_were_placed(data, shop, week):
    assert below(sheet(data, shop, "funnel")) == [
        ["Placed", "4", "1", "1"],
        ["Paid", "3", "0.75", "0.75"],
        ["Shipped", "2", "0.5", "0.666667"],
        ["Delivered", "2", "0.5", "1"],
    ]


def test_the_hours_are_those_of_the_shop(data, shop, week):
    rows = below(sheet(data, shop, "hours"))
    placed = {(row[0], hour): n for row in rows for hour, n in enumerate(row[1:]) if n != "0"}
    assert placed == {("Tue", 10): "2", ("Wed", 10): "1", ("Sun", 10): "1"}
    rows = below(sheet(data, shop, "hours", "?period=custom&from=2026-03-04&to=2026-03-05"))
    assert [row[0] for row in rows] == ["Wed", "Thu"]


def test_a_figure_of_records_comes_after_the_page_or_with_it_on_request(data, shop, week):
    page = panel(data, shop, f"{WEEK}&kpi=aov")
    rest = "period=custom&from=2026-03-02&to=2026-03-08&kpi=aov"
    assert f'hx-get="{url("figures_live", shop)}?{rest}"' in page.text
    assert f'href="{url("figures", shop)}?{rest}&live=1"' in page.text
    fragment = data.get(f"{url('figures_live', shop)}?{rest}")
    assert "<html" not in fragment.text
    for page in (fragment, panel(data, shop, f"{WEEK}&live=1")):
        words, links = card(page, "repurchase_rate")
        assert words.endswith("100.00 % +100.0 pp (better) from 0.00 % 1 ÷ 1")
        assert [data.get(link).code for link in links] == [200, 200]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?period=month", "There is no period “month”"),
        ("?period=custom&from=2026-03-08&to=2026-03-02", "The period ends before it begins"),
        ("?period=custom&from=yesterday&to=2026-03-02", "“yesterday” is no day"),
        ("?compare=them", "There is no comparison “them”"),
        ("?kpi=profit", "There is no trend “profit”"),
        ("?kpi=repurchase_rate", "There is no trend “repurchase_rate”"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_shown(data, shop, query, said):
    page = panel(data, shop, query).says(said)
    assert 'class="kpi ' not in page.text
    assert said in data.get(url("figures_live", shop) + query).text
    assert panel(data, shop, f"{query}&download=csv&table=kpis").headers["Content-Type"].startswith("text/html")


def test_the_choice_of_days_keeps_the_rest_of_the_address(data, shop, week):
    page = panel(data, shop, f"{WEEK}&kpi=aov&compare=year")
    assert f'href="{url("figures", shop)}?kpi=aov&compare=year&period=90"' in page.text
    assert f'href="{url("figures", shop)}?period=custom&from=2026-03-02&to=2026-03-08&kpi=aov&compare="' in page.text
    assert '<input type="hidden" name="kpi" value="aov">' in page.text
    page.says("Compared with 2025-03-02 – 2025-03-08")


def test_the_page_says_until_when_its_figures_are_true(data, shop, week):
    since = datetime(2026, 3, 9, 1, 2, tzinfo=shop.zone)
    Dirt.objects.create(shop=shop, day=LAST, at=since)
    panel(data, shop).says("Updated 01:02").says("2026-03-09 01:02 (Asia/Shanghai)")
    panel(data, shop, "?period=today").says("The last day is not over.")


def test_a_download_says_where_it_is_from_and_leaves_a_line_in_the_log(data, shop, week):
    answer = panel(data, shop, f"{WEEK}&download=xlsx&table=kpis")
    assert answer.headers["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert re.fullmatch(
        r'attachment; filename="lanting-figures-kpis-\d{8}-\d{4}\.xlsx"', answer.headers["Content-Disposition"]
    )
    page = load_workbook(BytesIO(answer.content)).active
    notes = {page.cell(row, 1).value: page.cell(row, 2).value for row in range(2, 7)}
    assert list(notes) == ["Shop", "Period", "Compared with", "As of", "Downloaded by"]
    assert notes["Period"] == "2026-03-02 – 2026-03-08 (Asia/Shanghai)"
    told = {row[0].value: row[1] for row in page.iter_rows(min_row=9)}
    assert (told["Paid amount"].value, told["Paid amount"].number_format) == (120, '"¥"#,##0.00')
    assert (told["Payment conversion"].value, told["Payment conversion"].number_format) == (0.75, "0.00%")
    assert "Average ship time: Median" in told
    event = Event.objects.get(kind="shop.figures_downloaded")
    assert (event.member, event.data) == (data.member, {"page": "figures", "table": "kpis", "form": "xlsx"})


def test_all_figures_over_time_are_one_table(data, shop, week):
    rows = sheet(data, shop, "steps")
    head, days = rows[rows.index([]) + 1], below(rows)
    assert len(head) == 1 + len(cards.DAILY)
    assert [row[0] for row in days] == [f"2026-03-0{day}" for day in range(2, 9)]
    assert [row[head.index("GMV")] for row in days] == ["0.00", "30.00", "45.00", "0.00", "0.00", "0.00", "45.00"]


def test_nobody_downloads_without_the_right_to_and_nothing_is_offered(owner, shop, cast, week):
    watcher = cast["view_only"]
    watcher.member.role = make.role(shop, Perm.FIGURES_VIEW)
    watcher.member.save(update_fields=["role"])
    assert "download=" not in panel(watcher, shop).text
    assert panel(watcher, shop, f"{WEEK}&download=csv&table=kpis").code == 403
    assert panel(owner, shop, f"{WEEK}&download=csv&table=profit").code == 404
    assert panel(owner, shop, f"{WEEK}&download=pdf&table=kpis").code == 404
    assert not Event.objects.filter(kind="shop.figures_downloaded").exists()


def test_only_the_own_shop_is_counted(data, shop, other_shop, week):
    make.order(other_shop, Status.TO_SHIP, placed_at=at(shop, 4))
    rollups.rebuild_month(other_shop, date(2026, 3, 1))
    assert " 4 +300.0 %" in card(panel(data, shop), "placed")[0]


@pytest.mark.parametrize("query", [WEEK, "?period=30", "?period=365&compare=year"])
def test_the_panel_takes_eight_queries_and_stays_small(data, shop, week, query):
    panel(data, shop, query)
    with CaptureQueriesContext(connection) as queries:
        page = panel(data, shop, query)
    assert page.code == 200
    assert len(queries) <= 8
    assert len(page.content) < 60_000


@pytest.mark.parametrize("person", ["owner", "data"])
def test_each_link_leads_where_the_person_may_go(cast, shop, week, person):
    who = cast[person]
    links = re.findall(r'href="(/s/[^"]+|\?[^"]+)"', panel(who, shop).text)
    by_page = {urlsplit(link).path: link for link in links}
    assert url("order_list", shop) in by_page
    assert (url("case_list", shop) in by_page) == (person == "owner")
    assert {path: who.get(link).code for path, link in by_page.items() if path} == dict.fromkeys(
        [path for path in by_page if path], 200
    )
