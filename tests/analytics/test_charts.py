"""Charts say the same in the picture, in the table under it and in the download."""

import json
from datetime import date
from decimal import Decimal

import pytest
from django.template.loader import render_to_string

from analytics.charts import Bar, Bars, Chart, Funnel, Heat, Series, Spark, Step, Tone
from sellercenter.models import Shop
from sellercenter.sheets import Kind

SHOP = Shop(code="lanting", currency="CNY", time_zone="Asia/Shanghai")
DAYS = [date(2026, 11, 21), date(2026, 11, 22)]
PAID = Chart(
    *("paid", "Paid amount", "line", DAYS),
    [
        Series("This period", [Decimal("1280.50"), None], Tone.PAID, urls=["/orders?day=1", ""]),
        Series("Period before", [Decimal("900"), Decimal("0")], Tone.BEFORE, dashed=True),
    ],
    unit=Kind.MONEY,
)


def rows(figure) -> list[list[str]]:
    sheet = figure.sheet(SHOP)
    return [[str(one.label) for one in sheet.columns], *(sheet.said(row) for row in sheet.rows)]


def test_a_chart_is_its_table():
    assert rows(PAID) == [
        ["Day", "This period", "Period before"],
        ["2026-11-21", "¥1,280.50", "¥900.00"],
        ["2026-11-22", "—", "¥0.00"],
    ]


def test_what_is_drawn_is_told_in_numbers_without_loss():
    shown = PAID.shown(SHOP)
    assert shown["spec"] == {
        "id": "spec-paid",
        "data": {
            **{"kind": "line", "unit": "money", "symbol": "¥", "digits": 2, "marks": []},
            "series": [
                {"tone": "paid", "values": ["1280.50", None]},
                {"tone": "before", "values": [900, 0], "dashed": True},
            ],
        },
    }
    assert json.loads(json.dumps(shown["spec"]["data"])) == shown["spec"]["data"]


def test_a_chart_carries_its_table_its_legend_and_its_downloads_on_the_page():
    links = {"CSV": "?download=csv&table=paid"}
    html = render_to_string("analytics/parts/chart.html", {"chart": PAID.shown(SHOP, links=links)})
    assert '<a href="/orders?day=1">¥1,280.50</a>' in html
    assert '<div class="fig-draw" data-chart="spec-paid"></div><script id="spec-paid" type="application/json">' in html
    assert '<li class="fig-tone-before dashed">Period before</li>' in html
    assert 'href="?download=csv&amp;table=paid"' in html
    assert "style=" not in html


def test_a_chart_of_nothing_says_so_and_draws_nothing():
    nothing = Chart("paid", "Paid", "bar", DAYS, [Series("Paid", [0, None])])
    html = render_to_string("analytics/parts/chart.html", {"chart": nothing.shown(SHOP)})
    assert "Nothing in this time." in html
    assert "data-chart" not in html


def test_hostile_names_stay_texts():
    hostile = '</script><img src=x onerror="alert(1)">'
    chart = Chart("c", hostile, "bar", [hostile], [Series(hostile, [1]), Series("two", [2])], marks=[(0, hostile)])
    html = render_to_string("analytics/parts/chart.html", {"chart": chart.shown(SHOP)})
    assert "<img" not in html
    assert html.count("</script>") == 1


def test_a_band_has_a_column_for_each_end():
    chart = Chart(
        "orders", "Orders", "line", ["Mon"], [Series("Orders", [4]), Series("Likely", [2], Tone.PLAIN, highs=[7])]
    )
    assert rows(chart) == [["Day", "Orders", "Likely, at least", "Likely, at most"], ["Mon", "4", "2", "7"]]
    assert chart.shown(SHOP)["spec"]["data"]["series"][1] == {"tone": "plain", "values": [2], "highs": [7]}


def test_a_link_stays_with_its_number_behind_a_band():
    likely = Series("Likely", [2], highs=[7])
    chart = Chart("orders", "Orders", "line", ["Mon"], [likely, Series("Orders", [4], urls=["/orders"])])
    [row] = chart.shown(SHOP)["table"]["rows"]
    assert [cell["url"] for cell in row["cells"]] == ["", "", "/orders"]


def test_a_funnel_tells_of_each_step_its_shares_of_all_and_of_the_one_before():
    steps = [Step("Placed", 8, Tone.PLACED, "/placed"), Step("Paid", 6, Tone.PAID), Step("Shipped", 3)]
    funnel = Funnel("funnel", "Funnel", steps)
    assert rows(funnel) == [
        ["Step", "Orders", "Of all", "Of the step before"],
        ["Placed", "8", "100.00 %", "100.00 %"],
        ["Paid", "6", "75.00 %", "75.00 %"],
        ["Shipped", "3", "37.50 %", "50.00 %"],
    ]
    html = render_to_string("analytics/parts/funnel.html", {"funnel": funnel.shown(SHOP)})
    assert '<rect class="bar-piece" width="37.5" height="8"/>' in html
    assert '<a href="/placed">8</a>' in html


def test_a_funnel_of_nothing_has_no_shares():
    assert rows(Funnel("funnel", "Funnel", [Step("Placed", 0), Step("Paid", 0)]))[1:] == [
        ["Placed", "0", "—", "—"],
        ["Paid", "0", "—", "—"],
    ]


def test_the_shades_of_a_heat_map_go_from_nothing_to_the_most():
    heat = Heat("hours", "Hours", ["00", "01", "02"], [("Mon", [0, 1, 100]), ("Tue", [50, 51, 99])], "Day")
    shades = [[level for _value, level in row["cells"]] for row in heat.shown(SHOP)["rows"]]
    assert shades == [["0", "1", "8"], ["4", "5", "8"]]
    assert rows(heat) == [["Day", "00", "01", "02"], ["Mon", "0", "1", "100"], ["Tue", "50", "51", "99"]]
    assert "Nothing in this time." in render_to_string(
        "analytics/parts/heat.html", {"heat": Heat("h", "H", ["00"], [("Mon", [0])], "Day").shown(SHOP)}
    )


def test_rows_of_bars_share_one_scale_from_zero():
    parts = [("Broken", Tone.C1), ("Late", Tone.C2)]
    bars = Bars(
        "causes", "Causes", "Product", parts, [Bar("Tea", [6, 2], "/tea"), Bar("Cup", [0, 4]), Bar("Pot", [0, 0])]
    )
    assert rows(bars)[1:] == [["Tea", "6", "2", "8"], ["Cup", "0", "4", "4"], ["Pot", "0", "0", "0"]]
    pieces = [[(one["x"], one["width"], one["said"]) for one in row["pieces"]] for row in bars.shown(SHOP)["rows"]]
    assert pieces == [[("0.0", "75.0", "Broken: 6"), ("75.0", "25.0", "Late: 2")], [("0.0", "50.0", "Late: 4")], []]
    assert '<a href="/tea">Tea</a>' in render_to_string("analytics/parts/bars.html", {"bars": bars.shown(SHOP)})


@pytest.mark.parametrize(
    ("values", "points"),
    [
        ([0, 5, 10], "0,58 1,30 2,2"),
        ([Decimal("0.5"), None, Decimal("0.25"), Decimal("0.5")], "0,2 2,30 3,2"),
        ([0, 0, 0], "0,58 1,58 2,58"),
        ([1, 2], ""),
        ([], ""),
    ],
)
def test_a_small_line_begins_at_zero_and_leaves_out_what_is_not_known(values, points):
    assert Spark(values).points == points
