"""What can be exported of orders, stock and products."""

from django.utils.translation import gettext_lazy as _

from orders.exports.douyin import DOUYIN
from orders.exports.order_columns import BY_LINE, BY_ORDER
from orders.exports.own_layout import OWN
from orders.exports.stock import STOCK
from orders.exports.tiktok import TIKTOK
from orders.filters import TABS, OrderFilter, matching
from orders.tables import OrderTable
from sellercenter.exports import Source
from sellercenter.permissions import Perm

ORDERS = Source(
    code="orders",
    label=_("Orders"),
    permission=Perm.ORDERS_VIEW,
    url_name="order_list",
    filterset_class=OrderFilter,
    table_class=OrderTable,
    tabs=TABS,
    matching=matching,
    layouts=(BY_ORDER, BY_LINE, OWN, TIKTOK, DOUYIN),
    time="placed_at",
    spans=frozenset(
        f"{name}{end}"
        for name in ("placed", "paid", "shipped", "delivered", "cancelled", "deadline")
        for end in ("", "_from")
    ),
    single=frozenset({"q", "list", "number", "tracking"}),
)

SOURCES = [ORDERS, STOCK]
