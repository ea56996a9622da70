"""The words of TikTok Shop's order files in the languages of its sites, and what they mean here."""

from __future__ import annotations

from orders.states import CancelledBy, Kind, PaymentMethod, Status
from sellercenter.imports import squeezed

CANCEL, RETURN, UNKNOWN = "cancel", "return", "unknown"

_STATES: dict[Status, tuple[str, ...]] = {
    Status.UNPAID: (
        *("Unpaid", "Awaiting payment", "Belum dibayar", "Belum bayar", "Menunggu pembayaran", "Chưa thanh toán"),
        *("Chờ thanh toán", "ยังไม่ได้ชำระเงิน", "ค้างชำระ", "รอชำระเงิน", "รอการชำระเงิน", "未払い", "支払い待ち"),
        *("お支払い待ち", "未支払い"),
    ),
    Status.TO_REVIEW: (
        "On hold",
        "Ditahan",
        "Ditangguhkan",
        "Tạm giữ",
        "Đang tạm giữ",
        "ระงับ",
        "ระงับชั่วคราว",
        "保留中",
        "保留",
    ),
    Status.TO_SHIP: (
        *("To ship", "Awaiting shipment", "Awaiting collection", "Ready to ship"),
        *("Perlu dikirim", "Siap dikirim", "Menunggu pengiriman", "Menunggu pengambilan", "Menunggu penjemputan"),
        *("Untuk dihantar", "Menunggu penghantaran", "Menunggu kutipan"),
        *("Cần gửi", "Cần giao", "Chờ giao", "Chờ giao hàng", "Chờ gửi hàng", "Chờ lấy hàng", "Chờ vận chuyển"),
        *("ที่จะจัดส่ง", "ที่ต้องจัดส่ง", "รอจัดส่ง", "รอการจัดส่ง", "รอเข้ารับ", "รอการเข้ารับ", "รอรับสินค้า"),
        *("発送待ち", "出荷待ち", "集荷待ち", "未発送", "要発送"),
    ),
    Status.PART_SHIPPED: (
        *("Partially shipped", "Partially shipping", "Partly shipped", "Dikirim sebagian", "Giao một phần"),
        *("Đã gửi một phần", "จัดส่งบางส่วน", "一部発送済み"),
    ),
    Status.SHIPPED: (
        *("Shipped", "In transit", "Dikirim", "Telah dikirim", "Sedang transit", "Dalam perjalanan"),
        *("Dalam pengiriman", "Dihantar", "Telah dihantar", "Dalam transit", "Đang giao", "Đang giao hàng"),
        *("Đang vận chuyển", "Đã gửi", "Đã gửi hàng", "Đã vận chuyển", "จัดส่งแล้ว", "กำลังจัดส่ง", "กำลังขนส่ง"),
        *("อยู่ระหว่างการขนส่ง", "ระหว่างการขนส่ง", "発送済み", "発送済", "配送中", "輸送中"),
    ),
    Status.DELIVERED: (
        *("Delivered", "Terkirim", "Diterima", "Telah diterima", "Sampai tujuan", "Đã giao", "Đã giao hàng"),
        *(
            "Giao hàng thành công",
            "จัดส่งสำเร็จ",
            "จัดส่งสำเร็จแล้ว",
            "ส่งถึงแล้ว",
            "ส่งมอบแล้ว",
            "配達済み",
            "配達完了",
            "配送完了",
        ),
        "お届け済み",
    ),
    Status.COMPLETED: (
        *("Completed", "Selesai", "Hoàn tất", "Đã hoàn tất", "Hoàn thành", "Đã hoàn thành"),
        *("เสร็จสมบูรณ์", "เสร็จสิ้น", "สำเร็จ", "สำเร็จแล้ว", "完了", "完了済み", "取引完了"),
    ),
    Status.CANCELLED: (
        *("Canceled", "Cancelled", "Dibatalkan", "Batal", "Đã hủy", "Đã huỷ", "ยกเลิกแล้ว", "ยกเลิก"),
        *("キャンセル済み", "キャンセル済", "キャンセル"),
    ),
}
# English words first: a message names the first few.
STATES: dict[str, Status] = {
    word: status
    for _not_english, word, status in sorted(
        ((place, word, status) for status, words in _STATES.items() for place, word in enumerate(words)),
        key=lambda found: found[0],
    )
}
TYPES: dict[str, str] = {
    **dict.fromkeys(("Cancel", "Cancelled", "Canceled", "Cancellation", "Pembatalan", "Batal", "Batalkan"), CANCEL),
    **dict.fromkeys(("Hủy", "Huỷ", "Hủy đơn", "ยกเลิก", "การยกเลิก", "キャンセル"), CANCEL),
    **dict.fromkeys(("Return/Refund", "Return", "Refund", "Return and refund", "Refund only"), RETURN),
    **dict.fromkeys(("Pengembalian/Pengembalian dana", "Pengembalian/Refund", "Pengembalian"), RETURN),
    **dict.fromkeys(("Trả hàng/Hoàn tiền", "Trả hàng", "Hoàn tiền", "คืนสินค้า/คืนเงิน"), RETURN),
    **dict.fromkeys(("การคืนสินค้า/การคืนเงิน", "การคืนสินค้า/คืนเงิน", "返品/返金", "返品・返金", "返品", "返金"), RETURN),
}
KINDS = dict.fromkeys(
    (
        "Pre-order",
        "Preorder",
        "Pra-pesan",
        "Prapesan",
        "Đặt trước",
        "Đặt hàng trước",
        "พรีออเดอร์",
        "สั่งซื้อล่วงหน้า",
        "予約注文",
        "予約販売",
    ),
    Kind.PRE_ORDER,
)
ENDED_BY: dict[str, CancelledBy] = {
    **dict.fromkeys(
        ("Buyer", "User", "Customer", "Pembeli", "Người mua", "Khách hàng", "ผู้ซื้อ", "購入者"), CancelledBy.BUYER
    ),
    **dict.fromkeys(("Seller", "Penjual", "Người bán", "Nhà bán hàng", "ผู้ขาย", "販売者", "セラー"), CancelledBy.SELLER),
    **dict.fromkeys(("System", "Sistem", "Hệ thống", "ระบบ", "システム"), CancelledBy.SYSTEM),
    **dict.fromkeys(
        ("Platform", "TikTok Shop", "TikTok", "Operator", "Nền tảng", "แพลตฟอร์ม", "プラットフォーム"),
        CancelledBy.PLATFORM,
    ),
}
# What a method's name contains, the more particular first; words are divided by commas.
_METHODS = {
    PaymentMethod.COD: "cash on delivery,cod,bayar di tempat,khi nhận hàng,ปลายทาง,代金引換,着払い",
    PaymentMethod.PAY_LATER: "paylater,klarna,afterpay,clearpay,affirm,installment,atome,kredivo,後払い",
    PaymentMethod.VOUCHER: "gift,voucher,coupon",
    PaymentMethod.PAYPAL: "paypal",
    PaymentMethod.DEBIT_CARD: "debit card,kartu debit,thẻ ghi nợ,บัตรเดบิต,デビット",
    PaymentMethod.CARD: "card,kartu kredit,kad kredit,thẻ,visa,mastercard,บัตร,カード",
    PaymentMethod.BANK_TRANSFER: "transfer,bank,virtual,fpx,promptpay,qris,chuyển khoản,โอน,ธนาคาร,振込,コンビニ",
    PaymentMethod.WALLET: "pay,wallet,ovo,dana,momo,touch,truemoney,dompet,ví,วอลเล็ต,ウォレット,ペイ",
}
_FRAGMENTS = tuple((squeezed(word), method) for method, told in _METHODS.items() for word in told.split(","))
_BOTH_CARDS = squeezed("credit/debit")


def method_of(word: str) -> PaymentMethod:
    """Return how the buyer paid by the name of the method; a name that is not known means another method."""
    name = squeezed(word)
    if _BOTH_CARDS in name:
        return PaymentMethod.CARD
    return next((method for fragment, method in _FRAGMENTS if fragment in name), PaymentMethod.OTHER)
