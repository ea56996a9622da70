"""Pages of the orders room, and where they stand in the navigation."""

from django.utils.translation import gettext_lazy as _

from sellercenter.navigation import Place
from sellercenter.permissions import Perm

_HOME, _ORDERS, _FULFILMENT = "", _("Orders"), _("Fulfilment")

PLACES = [
    Place(_HOME, _("Home"), "home", "home", Perm.ORDERS_VIEW, dock=True),
    Place(_ORDERS, _("All orders"), "order_list", "list", Perm.ORDERS_VIEW, dock=True),
    Place(_ORDERS, _("Unpaid"), "order_list", "hourglass", Perm.ORDERS_VIEW, query="tab=unpaid"),
    Place(_ORDERS, _("To review"), "order_list", "clipboard-check", Perm.ORDERS_VIEW, query="tab=to_review", dock=True),
    Place(_FULFILMENT, _("To ship"), "order_list", "truck-loading", Perm.ORDERS_VIEW, query="tab=to_ship", dock=True),
    Place(_FULFILMENT, _("On the way"), "order_list", "truck-delivery", Perm.ORDERS_VIEW, query="tab=shipped"),
    Place(
        _FULFILMENT, _("Abnormal"), "order_list", "alert-triangle", Perm.ORDERS_VIEW, query="tab=abnormal", dock=True
    ),
]
