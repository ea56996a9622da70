"""The order export of Douyin's shop back office: one row per sub-order, or one per order with its lines joined.

Column set and order change from export to export, so columns are found by name only (docs/import-layout.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from orders.facts import ZERO, OrderFacts
from orders.imports import cells
from orders.imports import douyin_words as words
from orders.imports.douyin_sums import AMOUNTS, BORNE, GRANTED, freight_waived, of_lines, reckon, unit_prices
from orders.imports.flat import FlatReader, LineRead
from orders.imports.foreign import ForeignReader, ForeignReading, like, meant
from orders.imports.layout import As, Column, Layout, Of
from orders.states import AfterSales, ParcelStatus, PaymentMethod, Status
from sellercenter import money, privacy
from sellercenter.imports import Header, Row
from sellercenter.models import Shop

_SUB, _TITLE, _PRODUCT, _QUANTITY, _PAYABLE = "子订单编号", "选购商品", "商品ID", "商品数量", "订单应付金额"
_ENCRYPTED = "****"
_DIVIDER = ";"
_MOST_JOINED = 200
_SENT = (Status.PART_SHIPPED, Status.SHIPPED, Status.DELIVERED, Status.COMPLETED)
_PAID = (Status.TO_SHIP, *_SENT)
_ARRIVED = (Status.DELIVERED, Status.COMPLETED)
_TRACKING = re.compile(r"(.*?)[\s:：|/_（(-]*((?=[A-Za-z0-9-]*\d{4})[A-Za-z0-9][A-Za-z0-9-]{5,63})[)）]?")
_NO_CREATOR = "0"

_GRANTED = ("平台优惠", "商家优惠", "达人优惠")
_BORNE = ("平台实际承担优惠金额", "商家实际承担优惠金额", "达人实际承担优惠金额")


# --- Columns ----------------------------------------------------------------------------------------------------------


def _of_line(name: str, kind: As, field: str, *aliases: str, limit: int = 0, required: bool = False) -> Column:
    return Column(name, Of.LINE, kind, field, aliases, required, limit)


def _money(name: str, field: str, *aliases: str, kind: As = As.MONEY, required: bool = False) -> Column:
    return _of_line(name, kind, field, *aliases, required=required)


_COLUMNS = (
    like("number", "主订单编号", "主订单号", required=True),
    _of_line("订单提交时间", As.TIME, "placed_at", required=True),
    like("number", _SUB, "子订单号", of=Of.LINE),
    like("title", _TITLE, "商品名称", of=Of.LINE, required=True),
    like("product_number", _PRODUCT, of=Of.LINE, required=True),
    like("quantity", _QUANTITY, of=Of.LINE, required=True),
    like("variant", "商品规格", of=Of.LINE),
    like("seller_sku", "商家编码", of=Of.LINE),
    _of_line("货号", As.TEXT, "article", limit=64),
    like("unit_price", "商品单价", of=Of.LINE),
    _money("商品金额", "price"),
    _money(_PAYABLE, "payable", required=True),
    _money("运费", "freight"),
    *(
        _of_line(name, As.TEXT, field, limit=200)
        for name, field in (
            *zip(_GRANTED, GRANTED.values(), strict=True),
            *zip(_BORNE, BORNE.values(), strict=True),
            ("支付优惠", "payment"),
            ("红包抵扣", "red_packet"),
            ("教育优惠", "education"),
        )
    ),
    _money("商家改价", "change", kind=As.SIGNED),
    _money("手续费", "fee"),
    _money("税费", "tax"),
    meant(
        "status",
        "订单状态",
        of=Of.LINE,
        required=True,
        meanings={told: (told_as, told) for told, told_as in words.STATUSES.items()},
    ),
    _of_line("售后状态", As.TEXT, "case", limit=60),
    like("cancel_reason", "取消原因", of=Of.LINE),
    _of_line("支付方式", As.TEXT, "method", limit=60),
    _of_line("支付完成时间", As.TIME, "paid_at"),
    _of_line("订单完成时间", As.TIME, "completed_at"),
    _of_line("承诺发货时间", As.TIME, "ship_by"),
    _of_line("预计送达时间", As.TEXT, "deliver_by", limit=60),
    _of_line("发货时间", As.TIME, "shipped_at"),
    _of_line("快递信息", As.TEXT, "tracking", limit=500),
    _of_line("订单类型", As.TEXT, "kind", limit=60),
    _of_line("流量体裁", As.TEXT, "genre", limit=60),
    _of_line("流量渠道", As.TEXT, "entrance", limit=60),
    _of_line("流量来源", As.TEXT, "origin", limit=60),
    like("creator_number", "达人ID", of=Of.LINE),
    like("creator_name", "达人昵称", of=Of.LINE),
    like("channel", "APP渠道"),
    like("buyer_message", "买家留言"),
    like("seller_note", "商家备注"),
    Column("旗帜颜色", Of.ORDER, As.TEXT, "flag_word", limit=20),
    like("name", "收件人"),
    like("phone", "收件人手机号"),
    like("address", "详细地址"),
    Column("街道", Of.ORDER, As.TEXT, "street", limit=60, private=True),
    like("province", "省"),
    like("city", "市"),
    like("district", "区"),
)
_UNREAD = (
    *("优惠总金额", "降价类优惠", "商品单价是否含税", "预约发货时间", "预约送达时间", "车型", "序列号"),
    *("是否是以旧换新", "换新额外补贴", "换新额外补贴发放状态", "是否修改过地址", "地址修改时段", "拼团订单团编号"),
    *("鲁班落地页ID", "所属门店ID", "仓库ID", "仓库名称", "是否安心购", "广告渠道", "流量类型", "发货主体"),
    *("发货主体明细", "是否平台仓自流转", "是否是渠道商品", "建议发货时间（起）", "建议发货时间（止）", "商品69码"),
    *("发货SN码", "发货IMEI码1", "发货IMEI码2", "物流SN码", "物流IMEI码1", "物流IMEI码2"),
)
_MINE = {column.field for column in _COLUMNS if column.of is Of.LINE} - {
    *("number", "title", "product_number", "quantity", "variant", "seller_sku", "unit_price"),
    *("cancel_reason", "creator_number", "creator_name"),
}
# In a row with several lines these cells have to hold as many parts as there are lines.
_JOINED = (_TITLE, _PRODUCT, _QUANTITY, "商品规格", "商家编码", "货号", "商品单价", "商品金额")


class DouyinReader(ForeignReader):
    """Reads the orders of one export of Douyin into one shop."""

    def __init__(self, layout: Layout, header: Header, shop: Shop) -> None:
        super().__init__(layout, header, shop)
        self.until, self.amount = cells.until(shop.zone), cells.amount(shop.currency, signed=True)

    def reading(self, rows: list[Row]) -> DouyinReading:
        """Begin to read one order."""
        return DouyinReading(self, rows)

    def reader_of(self, column: Column, readers: dict[As, cells.Reader]) -> cells.Reader:
        """Return what reads the cells of one column; a ciphertext becomes a mask, for nobody here can open it."""
        read = super().reader_of(column, readers)
        if column.private:
            return lambda cell: _ENCRYPTED if cell.startswith(("##", "$$")) else read(cell)
        return read


DOUYIN = Layout("douyin", _COLUMNS, "主订单编号", DouyinReader, _UNREAD, currency="CNY")


# --- Reading ----------------------------------------------------------------------------------------------------------


class DouyinReading(ForeignReading):
    """The reading of one order of Douyin."""

    reader: DouyinReader

    def __init__(self, reader: FlatReader, rows: list[Row]) -> None:
        super().__init__(reader, rows)
        # The rows of one group share the amounts of the file's row that they come from.
        self.groups: list[list[int]] = []
        if not self.errors:
            self._split()

    def _split(self) -> None:
        """Make rows of their own of the lines that are joined in one."""
        rows: list[Row] = []
        for number, row in self.rows:
            parts, apart = self._parts(number, row)
            places = [*range(len(rows), len(rows) + len(parts))]
            self.groups += [[place] for place in places] if apart else [places]
            rows += ((number, part) for part in parts)
        self.rows = rows

    def _parts(self, number: int, row: list[str]) -> tuple[list[list[str]], bool]:
        """Return the lines of a row, and whether each has amounts of its own."""
        places = self.reader.places
        count = max(len(_joined(row[places[name]])) for name in (_PRODUCT, _QUANTITY))
        if count > _MOST_JOINED:
            self.refuse(number, _PRODUCT, "", _("The row holds more than %d lines.") % _MOST_JOINED)
        if count == 1 or count > _MOST_JOINED:
            return [row], False
        lines = [[*row] for _line in range(count)]
        apart = len(_joined(row[places[_PAYABLE]])) == count
        for name, column in self.columns.items():
            if column.of is not Of.LINE or name not in places:
                continue
            place, told = places[name], _joined(row[places[name]])
            if len(told) != count:
                told = self._unjoined(number, column, told, count)
            for line, part in zip(lines, told, strict=True):
                line[place] = part
        return lines, apart

    def _unjoined(self, number: int, column: Column, told: list[str], count: int) -> list[str]:
        """Return a cell for each line where the row has not as many parts as lines."""
        [first, *more] = told
        if column.name in _JOINED and (more or self.clean(first)):
            self.refuse(
                *(number, column.name, _DIVIDER.join(told)),
                _("The row holds %(count)d lines, but this cell %(parts)d parts. Export the orders by product instead.")
                % {"count": count, "parts": len(told)},
            )
        if column.name == _SUB and not more and self.clean(first):
            return [f"{self.clean(first)}-{place}" for place in range(1, count + 1)]
        if column.field in AMOUNTS:
            # The amount is the whole row's: it stands on the first line until it is shared out.
            return [_DIVIDER.join(told), *["0" if column.required else ""] * (count - 1)]
        return [_DIVIDER.join(told)] * count

    # --- Shape --------------------------------------------------------------------------------------------------------

    def shape(self, values: dict[str, Any], lines: list[LineRead]) -> None:
        """Turn the values of Douyin's columns into those of ours."""
        told = [{name: line.values.pop(name) for name in _MINE & line.values.keys()} for line in lines]
        self.number_lines(lines, "number")
        self.know_buyer(values)
        self._parts_of_order(values, told)
        self._lines_known(lines, told)
        values["total"] = sum((one["payable"] for one in told), ZERO)
        for group in self.groups:
            self._amounts(values, [lines[place] for place in group], [told[place] for place in group])
        if self.errors:
            return
        statuses = self._statuses(lines, told)
        self._state(values, lines, told, statuses)
        self._send(values, lines, told, statuses)
        self._settle_payment(values, lines, told, statuses)

    def _parts_of_order(self, values: dict[str, Any], told: list[dict[str, Any]]) -> None:
        """Take over what the order as a whole is said to be."""

        def all_of(name: str) -> list[Any]:
            return [one[name] for one in told if one.get(name)]

        try:
            values["flag"] = words.flag(word := values.pop("flag_word", ""))
        except KeyError:
            self.note(_("The flag “%s” is not known and was left out.") % word)
        values["kind"] = words.kind("".join(all_of("kind")))
        values["source"] = words.source(*all_of("genre"), *all_of("entrance"), *all_of("origin"))
        cases = {words.case(one) for one in all_of("case")}
        known = (case for case in (AfterSales.OPEN, AfterSales.CLOSED) if case in cases)
        values["aftersales"] = next(known, AfterSales.NONE)
        times: dict[str, Any] = {
            "placed_at": min(all_of("placed_at")),
            "paid_at": max(all_of("paid_at"), default=None),
            "ship_by": min(all_of("ship_by"), default=None),
            "deliver_by": min(self._promises(all_of("deliver_by")), default=None),
        }
        values |= {name: at for name, at in times.items() if at is not None}
        if (street := values.pop("street", "")) and not privacy.is_masked(address := values.get("address", "")):
            values["address"] = address if address.startswith(street) else f"{street}{address}"

    def _promises(self, told: list[str]) -> list[Any]:
        found = []
        for text in told:
            try:
                found.append(self.reader.until(text))
            except cells.Unclear:
                self.note(_("The promised delivery time “%s” can't be read and was left out.") % text)
        return found

    @staticmethod
    def _lines_known(lines: list[LineRead], told: list[dict[str, Any]]) -> None:
        """Take the article's number where there is no code; leave out a creator without an id, who could be anybody."""
        for line, one in zip(lines, told, strict=True):
            if one.get("article"):
                line.values.setdefault("seller_sku", one["article"])
            if line.values.get("creator_number", _NO_CREATOR) == _NO_CREATOR:
                line.values.pop("creator_number", None)
                line.values.pop("creator_name", None)

    def explained(self, facts: OrderFacts) -> bool:
        """Say whether much of the total may stay unexplained: a report need not have all columns of money."""
        whole = self.reader.has("运费") and (self.reader.has(*_BORNE) or self.reader.has(*_GRANTED))
        return super().explained(facts) or not whole

    # --- Amounts ------------------------------------------------------------------------------------------------------

    def _amounts(self, values: dict[str, Any], lines: list[LineRead], told: list[dict[str, Any]]) -> None:
        """Book the amounts of one row of the file on its lines and on the order."""
        amounts = self._told_amounts(told)
        quantities = [line.values["quantity"] for line in lines]
        goods = self._prices(lines, told)
        sums = reckon(amounts, [sum(map(_times, prices, quantities), ZERO) for prices in goods])
        if not amounts["payable"] and sums.total and values["total"]:
            # A gift: its price is what it would have cost.
            for line, price in zip(lines, goods[0], strict=True):
                line.values |= {"unit_price": ZERO, "list_price": price, "gift": True}
            return
        prices = next((one for one in goods if sum(map(_times, one, quantities), ZERO) == sums.goods), None)
        if prices is None:
            if sums.goods < 0:
                message = _("The freight alone is more than this.")
                self.refuse(lines[0].row, _PAYABLE, str(amounts["payable"]), message)
                return
            prices = unit_prices(sums.goods, quantities, self.reader.currency)
        sums, waived = freight_waived(sums)
        worth = [*map(_times, prices, quantities)]
        if sum(sums.discounts.values(), ZERO) > sum(worth, ZERO):
            self.refuse(
                lines[0].row, _PAYABLE, str(amounts["payable"]), _("The discounts are more than the line costs.")
            )
            return
        for line, price, parts in zip(lines, prices, of_lines(sums, worth, self.reader.currency), strict=True):
            line.values |= {"unit_price": price, "gift": not price and bool(values["total"])} | parts
        charges = {name: amount for name, amount in sums.charges.items() if name != "tax_amount"}
        for name, amount in (charges | {"freight_discount": waived}).items():
            values[name] = values.get(name, ZERO) + amount

    def _told_amounts(self, told: list[dict[str, Any]]) -> dict[str, Decimal]:
        """Add up what the lines of one row say; discounts may be told by their names, which say nothing here."""
        found: dict[str, Decimal] = {}
        for one in told:
            for name in one.keys() & AMOUNTS:
                amount = one[name]
                if isinstance(amount, str):
                    try:
                        amount = abs(self.reader.amount(amount))
                    except cells.Unclear:
                        continue
                found[name] = found.get(name, ZERO) + amount
        return found

    def _prices(self, lines: list[LineRead], told: list[dict[str, Any]]) -> list[list[Decimal]]:
        """Return the prices of one piece of each line, in the ways in which the file may mean them."""
        if all("unit_price" in line.values for line in lines):
            return [[line.values["unit_price"] for line in lines]]
        for line in lines:
            line.values.pop("unit_price", None)
        if not all("price" in one for one in told):
            return []
        prices = [one["price"] for one in told]
        # One export has a column whose name can mean a piece as well as the line.
        each = [price / line.values["quantity"] for price, line in zip(prices, lines, strict=True)]
        fits = all(money.quantise(price, self.reader.currency) == price for price in each)
        return [prices, each] if fits and each != prices else [prices]

    # --- States -------------------------------------------------------------------------------------------------------

    def _statuses(self, lines: list[LineRead], told: list[dict[str, Any]]) -> list[Status]:
        """Return where each line stands; of lines joined in one row that left in part, the first one has left."""
        found = [one["status"][0] for one in told]
        for group in self.groups:
            for place in group[1:]:
                if found[place] is Status.PART_SHIPPED:
                    found[place] = Status.TO_SHIP
        paying = [status for status, line in zip(found, lines, strict=True) if not line.values.get("gift")]
        return [Status.CANCELLED] * len(found) if {*paying} == {Status.CANCELLED} else found

    def _state(
        self, values: dict[str, Any], lines: list[LineRead], told: list[dict[str, Any]], statuses: list[Status]
    ) -> None:
        stage = values["stage"] = _stage(statuses)
        ended = stage is Status.CANCELLED
        live = [status is not Status.CANCELLED or ended for status in statuses]
        said = [one["status"][1] for one, lives in zip(told, live, strict=True) if lives]
        values["raw_status"] = "/".join(word for word in words.STATUSES if word in said)[:40]
        reasons = [line.values.pop("cancel_reason", "") for line in lines]
        if ended:
            values["cancel_reason"] = next(filter(None, reasons), "")
            values["cancelled_by"] = words.ended_by(values["cancel_reason"])
        for line, reason, lives in zip(lines, reasons, live, strict=True):
            if not lives:
                line.values |= {"cancelled": True, "cancel_reason": reason}
        if stage is Status.COMPLETED and (times := [one["completed_at"] for one in told if one.get("completed_at")]):
            values["completed_at"] = max(times)

    def _send(
        self, values: dict[str, Any], lines: list[LineRead], told: list[dict[str, Any]], statuses: list[Status]
    ) -> None:
        """Make parcels where the file tells them or only a part has left; else the time is the order's own."""
        sent = [place for place, status in enumerate(statuses) if status in _SENT]
        tracked = {place: self._tracking(told[place].get("tracking", "")) for place in sent}
        if values["stage"] is not Status.PART_SHIPPED and not any(number for _carrier, number in tracked.values()):
            times = [one["shipped_at"] for one in told if one.get("shipped_at")]
            if times and values["stage"] in (*_SENT, Status.CANCELLED):
                values["shipped_at"] = max(times)
            return
        for key in dict.fromkeys(tracked.values()):
            places = [place for place in sent if tracked[place] == key]
            times = [told[place]["shipped_at"] for place in places if told[place].get("shipped_at")]
            arrived = [statuses[place] in _ARRIVED for place in places]
            status = ParcelStatus.DELIVERED if (any if key[1] else all)(arrived) else ParcelStatus.IN_TRANSIT
            parcel = {"carrier": key[0], "tracking_no": key[1], "status": status}
            parcel |= {"shipped_at": min(times)} if times else {}
            for place in places:
                part = statuses[place] is Status.PART_SHIPPED and lines[place].values["quantity"] > 1
                lines[place].parcel = parcel | ({"shipped_quantity": 1} if part else {})
                if part:
                    self.note(_("How many pieces of a line have left is not told; one was taken to have."))

    def _tracking(self, told: str) -> tuple[str, str]:
        """Return carrier and number of the first parcel that is told."""
        if not told:
            return "", ""
        first, *more = filter(None, map(self.clean, re.split(r"[;；\n]", told)))
        found = _TRACKING.fullmatch(first)
        if found is None:
            self.note(_("No parcel number can be read in “%s”.") % told[:80])
            return "", ""
        if more:
            self.note(_("A line is in several parcels; only the first one was read."))
        return found[1].strip()[:40], found[2]

    # --- Payment ------------------------------------------------------------------------------------------------------

    def _settle_payment(
        self, values: dict[str, Any], lines: list[LineRead], told: list[dict[str, Any]], statuses: list[Status]
    ) -> None:
        methods = (words.payment_method(one.get("method", "")) for one in told if one["payable"])
        method = next(filter(None, methods), "")
        on_delivery = method == PaymentMethod.COD and values["stage"] is not Status.COMPLETED
        if "paid_at" not in values and (values["stage"] not in _PAID or on_delivery):
            if method:
                values["payment_method"] = method
            return
        self.pay(values, values["total"], PaymentMethod(method or PaymentMethod.OTHER))
        back = [
            status is Status.CANCELLED and words.REFUNDED in one.get("case", "")
            for one, status in zip(told, statuses, strict=True)
        ]
        values["refunded_amount"] = sum((self._gone_back(group, back, lines, told) for group in self.groups), ZERO)

    @staticmethod
    def _gone_back(group: list[int], back: list[bool], lines: list[LineRead], told: list[dict[str, Any]]) -> Decimal:
        """Return what went back of the lines of one row: all of it with all lines, else what these lines cost."""
        if all(back[place] for place in group):
            return sum((told[place]["payable"] for place in group), ZERO)
        return sum((_cost(lines[place].values) for place in group if back[place]), ZERO)


def _joined(cell: str) -> list[str]:
    """Return the parts of a cell; a divider at its end divides nothing."""
    return cell.strip().removesuffix(_DIVIDER).split(_DIVIDER)


def _times(price: Decimal, quantity: int) -> Decimal:
    return price * quantity


def _cost(line: Mapping[str, Any]) -> Decimal:
    discounts = sum((line.get(f"{who}_discount", ZERO) for who in ("platform", "seller", "creator", "payment")), ZERO)
    cost: Decimal = line["unit_price"] * line["quantity"] - discounts + line.get("tax_amount", ZERO)
    return cost


def _stage(statuses: Sequence[Status]) -> Status:
    """Return where an order stands by where its lines do."""
    live = [status for status in statuses if status is not Status.CANCELLED]
    if not live:
        return Status.CANCELLED
    if Status.UNPAID in live:
        return Status.UNPAID
    if not any(status in _SENT for status in live):
        return Status.TO_SHIP
    if Status.PART_SHIPPED in live or Status.TO_SHIP in live:
        return Status.PART_SHIPPED
    return min(live, key=_SENT.index)
