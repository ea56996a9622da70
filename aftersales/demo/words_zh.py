"""What the buyers and the team of the Chinese demo shop say about problems, reviews and parcels; all invented."""

# What goes wrong with which goods: a part of the title, and the reasons that are likelier there than elsewhere.
TROUBLES = (
    ("四件套", ("too_small", "not_as_described", "defective")),
    ("围裙", ("too_big", "too_small")),
    ("马克杯", ("damaged", "damaged", "wrong_item")),
    ("储物罐", ("damaged", "damaged", "missing_parts")),
    ("餐碗", ("damaged", "damaged", "missing_parts")),
    ("咖啡壶", ("defective", "damaged")),
    ("保温壶", ("defective", "not_as_described", "defective")),
    ("台灯", ("defective", "defective", "missing_parts")),
    ("晾衣架", ("missing_parts", "defective")),
    ("绿植", ("damaged", "not_as_described")),
    ("枕", ("too_small", "changed_mind")),
    ("浴巾", ("not_as_described", "changed_mind")),
)
ASKS = {
    "too_big": ("尺寸偏大,换小一号", "比描述的大,不合适"),
    "too_small": ("尺寸买小了,1.8 米的床铺不上", "太小了,想换大号"),
    "damaged": ("收到就是碎的,已拍照", "盒子压扁了,杯口磕了一块", "到手有裂纹"),
    "defective": ("不亮,换了灯泡也不行", "洗一次就开线了", "保温两小时就凉了"),
    "missing_parts": ("少了一包螺丝", "三件套只有两件"),
    "missing_item": ("拍了三件只收到两件",),
    "wrong_item": ("拍的燕麦色,发来雾蓝", "发成别人的东西了"),
    "not_as_described": ("颜色和直播间差太多", "比想象的薄很多"),
    "changed_mind": ("和家里不搭,想退", "多拍了一件,退一件"),
    "not_received": ("显示签收,但我没收到", "一个星期没动静了"),
    "parcel_lost": ("快递说件丢了",),
    "late": ("上周六生日要用的,太晚了",),
    "price_dropped": ("昨天刚买,今天就降价了",),
    "discount_missing": ("直播间的券没减",),
    "no_longer_needed": ("不需要了,抱歉",),
    "ordered_by_mistake": ("拍重了",),
    "not_shipped_in_time": ("发货太慢",),
    "wrong_address": ("地址填错了,重新拍",),
    "better_price": ("别处更便宜",),
    "cancel_other": ("麻烦取消一下",),
}
HOSTILE = ('<img src=x onerror="alert(1)">碎了!!', "{{ 7|add:7 }} {% csrf_token %}", "'; DROP TABLE cases; --")
REFUSALS = {
    "evidence_unclear": ("亲,图片看不清破损处,麻烦补拍一张整体图",),
    "sent_separately": ("另一件分开发出,单号已给您",),
    "not_late": ("还在配送时效内,快递说明天送到",),
    "price_held": ("您看到的价格是另一个规格的",),
}
OVERRIDES = ("该买家本月第三次申请", "老客户,不多纠结", "图片很清楚,直接处理")
DEMANDS = ("请提供打包视频或发货时的照片", "请证明商品发出时完好")
STATEMENTS = (
    "商品发出时完好,打包照片和面单重量可以证明。",
    "买家在聊天中确认商品可以使用,聊天记录已附。",
)
FOR_BUYER = ("买家图片能证明瑕疵,商家未能举证。",)
FOR_SELLER = ("商家凭证可证明商品发出时完好、数量齐全。",)
APPEALS = {
    "malicious": "同一买家用同一张碎杯照片在五家店申请退款。",
    "penalty": "因延迟发货被扣分,但快递 20 小时内已揽收。",
    "compensation": "包裹已签收,仍被扣赔付。",
    "arbitration": "仲裁没有看我们提交的打包照片。",
}
WON = "申诉通过,处罚撤销,金额退回。"
LOST = "凭证不能证明揽收时间。"
TICKETS = {
    "redelivery": ("收件人不在家,请下午五点后再派送", "已安排明晚再次派送"),
    "lost": ("九天没有物流更新,请查找", "网点未找到,已登记理赔"),
    "damaged": ("外箱破损进水", "派件员确认破损"),
    "stuck": ("在同一中转站停了四天", "今晚发出"),
    "intercept": ("买家取消,请拦截退回", "已拦截,退回途中"),
}
REVIEWS = {
    5: ("质量很好,和图片一样", "包装用心,两天就到了", "回购第三次了,喜欢!", ""),
    4: ("不错,颜色略深", "东西好,快递慢了点", ""),
    3: ("一般吧", "比想象的小"),
    2: ("边上有点磕碰,将就用", "等了十天"),
    1: ("收到是碎的,没人理", "颜色发错了,失望", "<b>别买</b><script>alert(1)</script>"),
}
LATER = ("用了一个月,还是很好", "追评:开线了")
REPLIES = (
    "非常抱歉给您带来不便,已私信您处理。",
    "感谢反馈,这款我们已经改了包装。",
)
TALKS = (
    ("什么时候发货?", "亲,明天上午发出"),
    ("这个杯子能进洗碗机吗?", "可以的,放上层"),
    ("能改一下地址吗?", "已经改好,请看订单页"),
    ("快递好几天没动了", "已联系快递,今天给您回复"),
    ("可以开发票吗?", "可以,发票稍后发到您邮箱"),
    ("<script>alert('hi')</script>我的单到哪了?", "已到您所在城市的网点"),
)
MORE = ("在吗?", "谢谢!", "有人吗?")
CANNED = (
    ("message", "发货", "{buyer}您好,订单 {order} 明天发出,快递单号:{tracking}"),
    ("message", "抱歉", "{buyer}您好,非常抱歉,今天内给您处理结果。"),
    ("message", "发票", "{buyer}您好,订单 {order} 的发票({amount})稍后发给您。"),
    ("review", "感谢", "谢谢{buyer}的支持,{shop}会继续努力。"),
    ("review", "致歉", "{buyer}您好,非常抱歉,已私信您处理。"),
    ("case", "补图", "{buyer}您好,麻烦补一张商品整体和外箱的照片。"),
)
# Name, kinds, problems, up to which amount, at most how many cases of the buyer, and whether it is active.
RULES: tuple[tuple[str, list[str], list[str], int, int, bool], ...] = (
    ("小额仅退款自动同意", ["refund"], ["defect", "not_received"], 30, 1, True),
    ("价保 20 元以内自动同意", ["price"], [], 20, 3, False),
    ("七天无理由退货自动同意", ["return"], ["changed_mind", "size"], 300, 2, False),
)
CARRIER = "中通快递"
