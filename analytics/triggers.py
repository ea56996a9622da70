"""What makes figures dirty: triggers that note, in the transaction of a change, the days whose figures it touches.

They see every way of writing (verbs, set-based statements, COPY, an administrator's psql), so no writer can forget
them, and the rooms that write need not know that figures exist. Each runs once per statement and writes a row for
each day. See docs/adr/0021.
"""

from __future__ import annotations

# The columns of each table on which figures depend; `tests/analytics/test_rollups.py` holds this to the declarations.
COLUMNS = {
    "orders_order": (
        *("kind", "status", "placed_at", "paid_at", "shipped_at", "delivered_at", "cancelled_at", "ship_by"),
        *("deliver_by", "total_amount", "paid_amount", "source", "payment_method", "province", "cancel_reason"),
        *("cancelled_by", "abnormal", "aftersales"),
    ),
    "orders_orderline": ("order_id", "product_id", "creator_id", "room", "amount", "commission_amount"),
    "orders_parcelline": ("order_id", "parcel_id"),
    "orders_parcel": ("carrier", "status"),
    "aftersales_case": (
        *("order_id", "kind", "status", "problem", "fault", "opened_at", "decided_at", "goods_amount"),
        "freight_amount",
    ),
    "aftersales_caseline": ("case_id", "line_id", "amount"),
    "aftersales_dispute": ("case_id",),
    "aftersales_review": ("product_id", "first_rating", "at"),
}

_ORDER_DAYS = (
    "SELECT ordered.shop_id, told.moment FROM {rows} changed JOIN orders_order ordered ON ordered.id = {order}{more}"
    " CROSS JOIN LATERAL (VALUES (ordered.placed_at), (ordered.paid_at), (ordered.shipped_at),"
    " (ordered.delivered_at), (ordered.cancelled_at)) told (moment)"
)
_OWN_DAYS = (
    "SELECT changed.shop_id, told.moment FROM {rows} changed CROSS JOIN LATERAL (VALUES (changed.placed_at),"
    " (changed.paid_at), (changed.shipped_at), (changed.delivered_at), (changed.cancelled_at)) told (moment)"
)
_CASE_DAYS = "SELECT changed.shop_id, changed.opened_at AS moment FROM {rows} changed UNION ALL "
# Which moments a changed row of each table touches.
_MOMENTS = {
    "orders_order": _OWN_DAYS,
    "orders_orderline": _ORDER_DAYS.replace("{order}", "changed.order_id").replace("{more}", ""),
    "orders_parcelline": _ORDER_DAYS.replace("{order}", "changed.order_id").replace("{more}", ""),
    "orders_parcel": (
        _ORDER_DAYS.replace("changed JOIN", "changed JOIN orders_parcelline part ON part.parcel_id = changed.id JOIN")
        .replace("{order}", "part.order_id")
        .replace("{more}", "")
    ),
    "aftersales_case": _CASE_DAYS + _ORDER_DAYS.replace("{order}", "changed.order_id").replace("{more}", ""),
    "aftersales_caseline": (
        "SELECT owner.shop_id, owner.opened_at AS moment FROM {rows} changed"
        " JOIN aftersales_case owner ON owner.id = changed.case_id"
    ),
    "aftersales_dispute": (
        _ORDER_DAYS.replace("changed JOIN", "changed JOIN aftersales_case owner ON owner.id = changed.case_id JOIN")
        .replace("{order}", "owner.order_id")
        .replace("{more}", "")
    ),
    "aftersales_review": "SELECT changed.shop_id, changed.at AS moment FROM {rows} changed",
}
# A parcel alone belongs to no order yet, and none any more.
_EVENTS = {"orders_parcel": ("update",)}
_INSERT = (
    "INSERT INTO analytics_dirt (shop_id, day)"
    " SELECT DISTINCT touched.shop_id, (touched.moment AT TIME ZONE shop.time_zone)::date FROM ({moments}) touched"
    " JOIN sellercenter_shop shop ON shop.id = touched.shop_id WHERE touched.moment IS NOT NULL"
)
# Cases count by their order's kind and under the products of its lines, on days of their own. Neither changes often, so
# these run for each row of which it does and cost other changes nothing.
_OF_CASES = {
    "orders_order": ("kind", "opened.order_id = NEW.id"),
    "orders_orderline": (
        "product_id",
        "opened.id IN (SELECT part.case_id FROM aftersales_caseline part WHERE part.line_id = NEW.id)",
    ),
}
# All days move when the shop's day begins at another hour.
_ZONE = """
CREATE FUNCTION analytics_zone_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
INSERT INTO analytics_dirt (shop_id, day)
SELECT DISTINCT NEW.id, told.day + days.n FROM (
SELECT day FROM analytics_dayfigure WHERE shop_id = NEW.id AND grain = 'd' AND dimension = ''
UNION SELECT day FROM analytics_dirt WHERE shop_id = NEW.id) told, (VALUES (-1), (0), (1)) days (n);
RETURN NULL; END $$;
CREATE TRIGGER analytics_zone_changed AFTER UPDATE OF time_zone ON sellercenter_shop FOR EACH ROW
WHEN (OLD.time_zone IS DISTINCT FROM NEW.time_zone) EXECUTE FUNCTION analytics_zone_changed();
"""


def create() -> str:
    """Return the statements that make every function and trigger."""
    every = [_trigger(table, event) for table in COLUMNS for event in _events(table)]
    return "\n".join([*every, *(_case_trigger(table) for table in _OF_CASES), _ZONE])


def drop() -> str:
    """Return the statements that take them away."""
    names = [_name(table, event) for table in COLUMNS for event in _events(table)]
    names += [_name(table, "cases") for table in _OF_CASES]
    return "\n".join(f"DROP FUNCTION IF EXISTS {name}() CASCADE;" for name in [*names, "analytics_zone_changed"])


def fill() -> str:
    """Return the statement that marks every day on which anything has happened so far."""
    tables = ("orders_order", "aftersales_case", "aftersales_review")
    every = " UNION ALL ".join(_MOMENTS[table].replace("{rows}", table) for table in tables)
    return _INSERT.replace("{moments}", every)


def _events(table: str) -> tuple[str, ...]:
    return _EVENTS.get(table, ("insert", "update", "delete"))


def _name(table: str, event: str) -> str:
    return f"analytics_{table}_{event}"


def _trigger(table: str, event: str) -> str:
    """Return the function and the trigger of one kind of statement on one table."""
    name, moments = _name(table, event), _MOMENTS[table]
    if event == "update":
        was, new = (", ".join(f"{side}.{column}" for column in COLUMNS[table]) for side in ("before", "after"))
        rows = (
            "(SELECT side.* FROM before JOIN after USING (id)"
            f" CROSS JOIN LATERAL (SELECT before.* UNION ALL SELECT after.*) side"
            f" WHERE ({was}) IS DISTINCT FROM ({new}))"
        )
        seen = "OLD TABLE AS before NEW TABLE AS after"
    else:
        rows, seen = "told", "NEW TABLE AS told" if event == "insert" else "OLD TABLE AS told"
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" {_INSERT.replace('{moments}', moments.replace('{rows}', rows))}; RETURN NULL; END $$;"
        f"CREATE TRIGGER {name} AFTER {event.upper()} ON {table} REFERENCING {seen}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}();"
    )


def _case_trigger(table: str) -> str:
    """Return the function and the trigger that mark the days of cases when what they count by is corrected."""
    name, (column, which) = _name(table, "cases"), _OF_CASES[table]
    moments = f"SELECT opened.shop_id, opened.opened_at AS moment FROM aftersales_case opened WHERE {which}"
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" {_INSERT.replace('{moments}', moments)}; RETURN NULL; END $$;"
        f"CREATE TRIGGER {name} AFTER UPDATE OF {column} ON {table} FOR EACH ROW"
        f" WHEN (OLD.{column} IS DISTINCT FROM NEW.{column}) EXECUTE FUNCTION {name}();"
    )
