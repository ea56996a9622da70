"""The addresses of the orders room, all inside a shop."""

from django.urls import path

from orders.views import bulk, detail, doors, home, lists, policy, stock
from sellercenter.list_views import list_paths

urlpatterns = [
    path("", home.Home.as_view(), name="home"),
    *list_paths("orders", lists.OrderList),
    *bulk.OrderBulk.paths("orders/bulk"),
    path("orders/paste", lists.OrderPaste.as_view(), name="order_paste"),
    path("orders/<int:pk>", detail.OrderDetail.as_view(), name="order_detail"),
    path("orders/<int:pk>/approve", doors.OrderApprove.as_view(), name="order_approve"),
    path("orders/<int:pk>/cancel", doors.OrderCancel.as_view(), name="order_cancel"),
    path("orders/<int:pk>/ship", doors.OrderShip.as_view(), name="order_ship"),
    path("orders/<int:pk>/hold", doors.OrderHold.as_view(), name="order_hold"),
    path("orders/<int:pk>/release", doors.OrderRelease.as_view(), name="order_release"),
    path("orders/<int:pk>/remind", doors.OrderRemind.as_view(), name="order_remind"),
    path("orders/<int:pk>/price", doors.OrderChangePrice.as_view(), name="order_change_price"),
    path("orders/<int:pk>/address", doors.OrderChangeAddress.as_view(), name="order_change_address"),
    path("orders/<int:pk>/cancel/accept", doors.OrderAcceptCancel.as_view(), name="order_accept_cancel"),
    path("orders/<int:pk>/cancel/refuse", doors.OrderRefuseCancel.as_view(), name="order_refuse_cancel"),
    path("orders/<int:pk>/note", doors.OrderNoteAdd.as_view(), name="order_note"),
    path("orders/<int:pk>/seller-note", doors.OrderSellerNote.as_view(), name="order_seller_note"),
    path("orders/<int:pk>/flag", doors.OrderFlag.as_view(), name="order_flag"),
    path("orders/<int:pk>/abnormal", doors.OrderAbnormal.as_view(), name="order_abnormal"),
    path("orders/<int:pk>/abnormal/clear", doors.OrderAbnormalClear.as_view(), name="order_abnormal_clear"),
    *list_paths("stock", stock.StockList),
    path("stock/upload", stock.StockUpload.as_view(), name="stock_upload"),
    path("stock/counts", stock.StockCounts.as_view(), name="stock_counts"),
    path("stock/<int:pk>", stock.StockDetail.as_view(), name="stock_detail"),
    path("stock/<int:pk>/count", stock.StockCount.as_view(), name="stock_count"),
    path("stock/<int:pk>/adjust", stock.StockAdjust.as_view(), name="stock_adjust"),
    path("stock/<int:pk>/limit", stock.StockLimit.as_view(), name="stock_limit"),
    path("policy", policy.PolicyPage.as_view(), name="policy"),
]
