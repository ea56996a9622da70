"""The addresses of the orders room, all inside a shop."""

from django.urls import path

from orders.views import bulk, detail, home, lists, policy, stock
from sellercenter.list_views import list_paths

urlpatterns = [
    path("", home.Home.as_view(), name="home"),
    *list_paths("orders", lists.OrderList),
    *bulk.bulk_paths("orders/bulk"),
    path("orders/paste", lists.OrderPaste.as_view(), name="order_paste"),
    path("orders/<int:pk>", detail.OrderDetail.as_view(), name="order_detail"),
    path("orders/<int:pk>/approve", detail.OrderApprove.as_view(), name="order_approve"),
    path("orders/<int:pk>/cancel", detail.OrderCancel.as_view(), name="order_cancel"),
    path("orders/<int:pk>/note", detail.OrderNoteAdd.as_view(), name="order_note"),
    path("orders/<int:pk>/seller-note", detail.OrderSellerNote.as_view(), name="order_seller_note"),
    path("orders/<int:pk>/flag", detail.OrderFlag.as_view(), name="order_flag"),
    path("orders/<int:pk>/abnormal", detail.OrderAbnormal.as_view(), name="order_abnormal"),
    path("orders/<int:pk>/abnormal/clear", detail.OrderAbnormalClear.as_view(), name="order_abnormal_clear"),
    *list_paths("stock", stock.StockList),
    path("stock/upload", stock.StockUpload.as_view(), name="stock_upload"),
    path("stock/counts", stock.StockCounts.as_view(), name="stock_counts"),
    path("stock/<int:pk>", stock.StockDetail.as_view(), name="stock_detail"),
    path("stock/<int:pk>/count", stock.StockCount.as_view(), name="stock_count"),
    path("stock/<int:pk>/adjust", stock.StockAdjust.as_view(), name="stock_adjust"),
    path("stock/<int:pk>/limit", stock.StockLimit.as_view(), name="stock_limit"),
    path("policy", policy.PolicyPage.as_view(), name="policy"),
]
