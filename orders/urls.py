"""The addresses of the orders room, all inside a shop."""

from django.urls import path

from orders.views import detail, home, lists
from sellercenter.list_views import list_paths

urlpatterns = [
    path("", home.Home.as_view(), name="home"),
    *list_paths("orders", lists.OrderList),
    path("orders/paste", lists.OrderPaste.as_view(), name="order_paste"),
    path("orders/<int:pk>", detail.OrderDetail.as_view(), name="order_detail"),
    path("orders/<int:pk>/approve", detail.OrderApprove.as_view(), name="order_approve"),
    path("orders/<int:pk>/cancel", detail.OrderCancel.as_view(), name="order_cancel"),
    path("orders/<int:pk>/note", detail.OrderNoteAdd.as_view(), name="order_note"),
    path("orders/<int:pk>/seller-note", detail.OrderSellerNote.as_view(), name="order_seller_note"),
    path("orders/<int:pk>/flag", detail.OrderFlag.as_view(), name="order_flag"),
    path("orders/<int:pk>/abnormal", detail.OrderAbnormal.as_view(), name="order_abnormal"),
    path("orders/<int:pk>/abnormal/clear", detail.OrderAbnormalClear.as_view(), name="order_abnormal_clear"),
]
