"""What must hold whatever has happened, as SQL that returns the rows for which it does not.

Each entry is (code, description, SQL); `manage.py check_invariants` and the fault tests run them all.
"""

STOCK = [
    (
        "stock_on_hand",
        "A tracked SKU has on hand what its movements add up to.",
        "SELECT sku.id, sku.on_hand, coalesce(sum(moved.on_hand), 0) AS told "
        "FROM orders_sku sku LEFT JOIN orders_stockmovement moved ON moved.sku_id = sku.id "
        "GROUP BY sku.id HAVING sku.on_hand <> coalesce(sum(moved.on_hand), 0)",
    ),
    (
        "stock_reserved",
        "A SKU has reserved what its movements add up to.",
        "SELECT sku.id, sku.reserved, coalesce(sum(moved.reserved), 0) AS told "
        "FROM orders_sku sku LEFT JOIN orders_stockmovement moved ON moved.sku_id = sku.id "
        "GROUP BY sku.id HAVING sku.reserved <> coalesce(sum(moved.reserved), 0)",
    ),
    (
        "stock_reserved_by_lines",
        "A SKU has reserved what the lines of orders reserve.",
        "SELECT sku.id, sku.reserved, coalesce(sum(line.reserved), 0) AS told "
        "FROM orders_sku sku LEFT JOIN orders_orderline line ON line.sku_id = sku.id AND line.reserved > 0 "
        "GROUP BY sku.id HAVING sku.reserved <> coalesce(sum(line.reserved), 0)",
    ),
    (
        "stock_of_closed_orders",
        "An order that is cancelled, shipped or further reserves nothing.",
        "SELECT ordered.id, ordered.status FROM orders_orderline line "
        "JOIN orders_order ordered ON ordered.id = line.order_id "
        "WHERE line.reserved > 0 AND ordered.status IN ('shipped', 'delivered', 'completed', 'cancelled')",
    ),
]

INVARIANTS = [*STOCK]
