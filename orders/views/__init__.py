"""Pages of the orders room, where they stand in the navigation, and what waits there."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from orders.views.lists import OrderList
from orders.views.stock import StockList
from sellercenter.models import Shop
from sellercenter.navigation import Place
from sellercenter.permissions import Perm

_HOME, _ORDERS, _FULFILMENT, _SETTINGS = "", _("Orders"), _("Fulfilment"), _("Settings")
_LIST, _SEE = "order_list", Perm.ORDERS_VIEW

PLACES = [
    Place(_HOME, _("Home"), "home", "home", _SEE, dock=True),
    Place(_ORDERS, _("All orders"), _LIST, "list", _SEE, dock=True),
    Place(_ORDERS, _("Unpaid"), _LIST, "hourglass", _SEE, "tab=unpaid", counted=True),
    Place(_ORDERS, _("To review"), _LIST, "clipboard-check", _SEE, "tab=to_review", counted=True, dock=True),
    Place(_FULFILMENT, _("To ship"), _LIST, "truck-loading", _SEE, "tab=to_ship", counted=True, dock=True),
    Place(_FULFILMENT, _("On the way"), _LIST, "truck-delivery", _SEE, "tab=shipped"),
    Place(_FULFILMENT, _("Abnormal"), _LIST, "alert-triangle", _SEE, "tab=abnormal", counted=True, dock=True),
    Place(_FULFILMENT, _("Stock"), "stock_list", "building-warehouse", _SEE, counted=True),
]
SETTINGS = [Place(_SETTINGS, _("Policy"), "policy", "clock", Perm.POLICIES_EDIT)]


def waiting(shop: Shop) -> dict[str, QuerySet]:
    """Return what waits behind each counted place, by the place's key: orders, and the SKUs that are low."""
    rows = OrderList.tab_rows(shop) | {"": StockList.tab_rows(shop)["low"]}
    return {place.key: rows[place.query.removeprefix("tab=")] for place in PLACES if place.counted}
