"""An example of the own layout: every column that is declared, and one order as people would write it."""

from __future__ import annotations

from orders.imports.flat_columns import FLAT_COLUMNS

# What stands in the example's cells; all other columns may stay empty.
CELLS = {
    "order_no": "EXAMPLE-1001",
    "status": "to_ship",
    "placed_at": "2026-03-01 10:00:00",
    "buyer_id": "u-8812",
    "buyer_nickname": "Example buyer",
    "paid_at": "2026-03-01 10:04:00",
    "recipient_name": "Example Person",
    "recipient_phone": "13800000000",
    "recipient_address": "1 Example Road",
    "province": "Zhejiang",
    "city": "Hangzhou",
    "freight": "5.00",
    "total": "55.00",
    "payments": "alipay=55.00@2026-03-01 10:04:00",
    "line_no": "1",
    "product_no": "3601",
    "product_title": "Green tea",
    "seller_sku": "TEA-250",
    "variant": "250 g",
    "quantity": "2",
    "unit_price": "25.00",
}


def rows() -> list[list[str]]:
    """Return the header and one order of one line."""
    names = [column.name for column in FLAT_COLUMNS]
    return [names, [CELLS.get(name, "") for name in names]]
