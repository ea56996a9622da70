"""The money in Douyin's order export: read so that it makes what is owed, shared out exactly, paid and gone back."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orders.imports.douyin_sums import BORNE, freight_waived, of_lines, reckon, unit_prices
from orders.models import Order
from sellercenter.models import Shop
from tests.orders.douyin_files import COLUMNS, NO, amounts, export, facts_of, only_order, row
from tests.orders.import_files import counts, open_shop, refusals, take


@pytest.fixture
def shop(db: None) -> Shop:
    return open_shop()


@pytest.mark.parametrize(
    ("quantities", "payable", "prices", "rest"),
    [
        ("1;2", "10.00", ("3.34", "3.33"), "0"),
        ("1;1;1", "10.00", ("3.34", "3.33", "3.33"), "0"),
        ("3;2", "10.00", ("2.00", "2.00"), "0"),
        ("3;1", "1.00", ("0.25", "0.25"), "0"),
        ("1;1;2", "10.03", ("2.51", "2.50", "2.51"), "0"),
        ("2;2", "10.01", ("2.50", "2.50"), "0.01"),
    ],
)
def test_without_a_price_the_pieces_share_what_the_row_costs(
    tmp_path: Path, quantities: str, payable: str, prices: tuple[str, ...], rest: str
) -> None:
    names = ";".join(f"p{place}" for place in range(len(prices)))
    plain = dict.fromkeys(("商品单价", "平台实际承担优惠金额", "商家实际承担优惠金额", "达人实际承担优惠金额"), "")
    joined = {"选购商品": names, "商品ID": names, "商品数量": quantities, "商家编码": "", "商品规格": ""}
    order, notes = facts_of(tmp_path, row(**plain, **joined, **{"运费": "", "订单应付金额": payable}))
    assert (order.total_amount, order.adjustment) == (Decimal(payable), Decimal(rest))
    assert [line.unit_price for line in order.lines] == [*map(Decimal, prices)]
    assert len(notes) == (rest != "0")


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5000)), min_size=1, max_size=5),
    st.lists(st.integers(0, 1000), min_size=3, max_size=3),
    st.integers(0, 1500),
    st.booleans(),
)
def test_whatever_is_shared_out_over_lines_adds_up_and_no_line_costs_less_than_nothing(
    lines: list[tuple[int, int]], shares: list[int], freight: int, priced: bool
) -> None:
    quantities = [quantity for quantity, _cents in lines]
    costs = [quantity * Decimal(cents) / 100 for quantity, cents in lines]
    discounts = [Decimal(cents) / 100 for cents in shares]
    owed = sum(costs) - sum(discounts) + Decimal(freight) / 100
    assume(owed >= 0 and sum(costs) > 0)
    told = dict(zip(BORNE.values(), discounts, strict=True)) | {"payable": owed, "freight": Decimal(freight) / 100}
    sums = reckon(told, [sum(costs)] if priced else [])
    assert sums.total == owed
    if not priced:
        prices = unit_prices(sums.goods, quantities, "CNY")
        rest = sums.goods - sum(price * quantity for price, quantity in zip(prices, quantities, strict=True))
        assert 0 <= rest < min(quantities) * Decimal("0.01")
    sums, waived = freight_waived(sums)
    assert sums.total - waived == owed
    parts = of_lines(sums, costs, "CNY")
    for name, amount in (*sums.discounts.items(), ("freight_amount", sums.freight)):
        assert sum(part[name] for part in parts) == amount
    assert all(cost >= sum(part[name] for name in sums.discounts) for cost, part in zip(costs, parts, strict=True))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param({}, {"goods": 60, "freight": 6, "platform": 5, "seller": 3, "creator": 1}, id="what was borne"),
        pytest.param(
            {"平台优惠": "4.00", "商家优惠": "3.00", "达人优惠": "1.00", "订单应付金额": "58.00"},
            {"goods": 60, "freight": 6, "platform": 4, "seller": 3, "creator": 1},
            id="what was granted, when only that adds up",
        ),
        pytest.param(
            {"平台优惠": "新人券", "平台实际承担优惠金额": "", "商家实际承担优惠金额": "", "达人实际承担优惠金额": ""}
            | {"商家优惠": "9.00"},
            {"goods": 60, "freight": 6, "seller": 9},
            id="a discount told by its name says nothing",
        ),
        pytest.param(
            {"支付优惠": "2.00", "订单应付金额": "55.00"},
            {"goods": 60, "freight": 6, "platform": 5, "seller": 3, "creator": 1, "payment": 2},
            id="a payment discount that lessens what is owed",
        ),
        pytest.param(
            {"支付优惠": "2.00"},
            {"goods": 60, "freight": 6, "platform": 5, "seller": 3, "creator": 1},
            id="a payment discount that does not",
        ),
        pytest.param(
            {"红包抵扣": "-1.50", "手续费": "0.50", "订单应付金额": "56.00"},
            {"goods": 60, "freight": 6, "platform": Decimal("6.50"), "seller": 3, "creator": 1, "fee": Decimal("0.50")},
            id="a red packet and a fee",
        ),
        pytest.param(
            {"商家改价": "-7.00", "订单应付金额": "50.00"},
            {"goods": 60, "freight": 6, "platform": 5, "seller": 3, "creator": 1, "adjustment": -7},
            id="a change of the price",
        ),
        pytest.param(
            {"商家改价": "7.00", "订单应付金额": "50.00"},
            {"goods": 60, "freight": 6, "platform": 5, "seller": 3, "creator": 1, "adjustment": -7},
            id="a change of the price without its sign",
        ),
        pytest.param(
            {"商品单价": "8.00", "商品数量": "1", "订单应付金额": "5.00"},
            {"goods": 8, "freight": 6, "platform": 4, "seller": 3, "creator": 1, "waived": 1},
            id="discounts that go on with the freight",
        ),
    ],
)
def test_the_amounts_of_a_row_are_read_so_that_they_make_what_is_owed(
    tmp_path: Path, cells: dict[str, str], expected: dict[str, Decimal]
) -> None:
    told = row(**cells)
    order, notes = facts_of(tmp_path, told)
    assert (amounts(order), notes) == (expected, [])
    assert order.total_amount == order.paid_amount == Decimal(told["订单应付金额"])


@pytest.mark.parametrize("amount", ["30.00", "60.00"])
def test_the_column_that_may_mean_a_piece_or_the_line_is_read_as_it_adds_up(tmp_path: Path, amount: str) -> None:
    header = ["商品金额" if name == "商品单价" else name for name in COLUMNS]
    order, notes = facts_of(tmp_path, row(**{"商品金额": amount}), header=header)
    assert (order.goods_amount, order.lines[0].unit_price, notes) == (Decimal(60), Decimal(30), list[str]())


def test_a_small_rest_is_booked_and_noted_and_a_large_one_refused(tmp_path: Path, shop: Shop) -> None:
    report = take(shop, export(tmp_path, row(**{"订单应付金额": "57.30"})))
    assert amounts(only_order())["adjustment"] == Decimal("0.30")
    [note] = report.notes
    assert note.startswith(f"{NO}: ¥0.30 of the order's amount ¥57.30 are in no column")
    large = take(shop, export(tmp_path, row(**{"主订单编号": "2", "订单应付金额": "157.00"})))
    assert refusals(large) == [(2, "", "Goods less discounts plus freight, tax and fees make 57.00, not this.")]


def test_money_goes_back_with_a_line_that_was_closed_and_refunded(tmp_path: Path, shop: Shop) -> None:
    closed = {"订单状态": "已关闭", "售后状态": "退款成功", "取消原因": "拍错了"}
    second = row(**{"子订单编号": "2", "商品ID": "3602"})
    report = take(shop, export(tmp_path, row(**closed), second))
    assert counts(report) == (1, 0, 0, 0)
    order = only_order()
    assert (order.status, order.aftersales, order.paid_amount, order.refunded_amount) == ("to_ship", "closed", 114, 57)
    assert [*order.lines.order_by("position").values_list("status", flat=True)] == ["cancelled", "waiting"]


def test_a_refund_after_completion_closes_the_case_and_tells_no_amount(tmp_path: Path, shop: Shop) -> None:
    take(shop, export(tmp_path, row(**{"订单状态": "已完成", "售后状态": "退款成功"})))
    assert (only_order().aftersales, only_order().refunded_amount) == ("closed", 0)
    take(shop, export(tmp_path, row(**{"主订单编号": "2", "售后状态": "待商家处理"})))
    assert Order.objects.get(number="2").aftersales == "open"


@pytest.mark.parametrize(
    ("told", "method"),
    [
        *(("支付宝", "alipay"), ("微信支付", "wechat_pay"), ("抖音支付", "douyin_pay"), ("抖音月付-3期", "pay_later")),
        *(("银行卡", "card"), ("先用后付", "pay_later"), ("在线支付", "other"), ("", "other")),
    ],
)
def test_ways_to_pay_are_known_by_their_words(tmp_path: Path, told: str, method: str) -> None:
    order, _notes = facts_of(tmp_path, row(**{"支付方式": told}))
    assert order.payments[0].method == order.payment_method == method


def test_cash_on_delivery_is_paid_at_the_door(tmp_path: Path, shop: Shop) -> None:
    cash = {"支付方式": "货到付款", "支付完成时间": ""}
    take(shop, export(tmp_path, row(**cash)))
    assert (only_order().payment_method, only_order().paid_amount) == ("cod", 0)
    take(shop, export(tmp_path, row(**cash, **{"订单状态": "已完成"})))
    assert only_order().paid_amount == 57


@pytest.mark.parametrize(
    ("genre", "entrance", "origin", "source"),
    [
        *(
            ("直播", "", "", "live"),
            ("短视频", "", "", "video"),
            ("商品卡", "搜索", "", "shop"),
            ("", "橱窗", "", "showcase"),
        ),
        *(("", "搜索", "", "search"), ("其他", "", "", "other"), ("", "", "精选联盟", "shop")),
        ("数据将于第二天更新", "数据将于第二天更新", "", "shop"),
    ],
)
def test_an_order_comes_from_where_its_traffic_came(
    tmp_path: Path, genre: str, entrance: str, origin: str, source: str
) -> None:
    order, _notes = facts_of(tmp_path, row(**{"流量体裁": genre, "流量渠道": entrance, "流量来源": origin}))
    assert order.source == source


def test_a_source_that_is_known_stays_when_a_file_does_not_know_it_yet(tmp_path: Path, shop: Shop) -> None:
    take(shop, export(tmp_path, row()))
    take(shop, export(tmp_path, row(**{"流量体裁": "数据将于第二天更新", "订单状态": "已发货"})))
    assert (only_order().source, only_order().status) == ("live", "shipped")


def test_what_a_report_has_no_columns_for_is_booked_as_adjustment(tmp_path: Path) -> None:
    header = [name for name in COLUMNS if "优惠" not in name]
    order, notes = facts_of(tmp_path, row(**{"订单应付金额": "46.00"}), header=header)
    assert amounts(order) == {"goods": 60, "freight": 6, "adjustment": -20}
    assert len(notes) == 1
