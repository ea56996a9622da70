"""Files whose rows tell of products, stock, tracking numbers or carriers' messages, as kinds of imports."""

from orders.row_files.products import PRODUCTS
from orders.row_files.stock import COUNTS
from orders.row_files.tracking_events import TRACKING_EVENTS
from orders.row_files.tracking_numbers import TRACKING_NUMBERS

IMPORT_KINDS = [one.kind() for one in (PRODUCTS, COUNTS, TRACKING_NUMBERS, TRACKING_EVENTS)]
