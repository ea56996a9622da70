"""One search box for a million orders: order no., tracking no., phone, buyer's nickname, product.

No single plan is quick for every word: an index of pieces is quick for rare words and slow for common ones, and
walking the list is the reverse. So a search looks at the newest slice of the list first, where common words fill a
page at once, and asks the indexes only when the slice did not fill it, which means that the word is rare. All
strategies give the same rows; they differ in time only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Exists, Func, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Lower, StrIndex
from django.db.models.lookups import GreaterThan

from orders.grams import Bigrams
from orders.models import Order, OrderLine, Parcel, ParcelLine, Product, Recipient, Sku
from sellercenter import keyset, privacy
from sellercenter.keyset import Cursor, Page, Sort
from sellercenter.models import Shop

SLICE = 3_000
# With so many rows in the first slice the word is common enough to walk on; the walk ends after WALK rows.
COMMON = 12
WALK = 20_000
MOST_CANDIDATES = 10_000
MOST_PRODUCTS = 500
# So many pages of the nearest candidates are tried before all of them.
NEAREST = 4
_KEYS = ArrayField(BigIntegerField())
Products = list[int] | QuerySet | None
# Phones are also copied with spaces and brackets in between.
_NUMBER_LIKE = re.compile(r"(?=.*\d)[\w./#+-]{5,64}|\+?[\d ().-]{7,24}")


class Contains(Func):
    """Whether an array holds all of the pieces; written bare so that the index of pieces serves it."""

    template = "%(expressions)s"
    arg_joiner = " @> "
    output_field = TextField()
    conditional = True


def like(text: str) -> str:
    """Turn a text into a LIKE pattern that finds it anywhere, letter by letter."""
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


class Like(Func):
    """`left LIKE right`, with the pattern as it is."""

    template = "%(expressions)s"
    arg_joiner = " LIKE "
    output_field = TextField()
    conditional = True


class Overlaps(Func):
    """Whether two arrays share an element."""

    template = "%(expressions)s"
    arg_joiner = " && "
    output_field = TextField()
    conditional = True


class AnyOf(Func):
    """`left = ANY(keys)`, with all keys in one parameter: thousands of them are read in no time."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = TextField()
    conditional = True


def among(keys: list[int]) -> Q:
    """Match the rows with one of these keys."""
    return Q(AnyOf("pk", Value(keys, output_field=_KEYS)))


def nickname(text: str) -> Q:
    """Match a piece of the buyer's nickname, whatever its capitals; written so that no index is tried."""
    return Q(GreaterThan(StrIndex(Lower("buyer_nickname"), Value(text.lower())), Value(0)))


def nickname_indexed(text: str) -> Q:
    """The same, with a condition that an index answers: pieces of two letters for two, of three for more."""
    if len(text) == 2:
        pieces = Value([text.lower()], output_field=ArrayField(TextField()))
        return Q(Contains(Bigrams(Lower("buyer_nickname")), pieces))
    return Q(Like(Lower("buyer_nickname"), Value(like(text))))


def phone(shop: Shop, text: str) -> Q:
    """Match orders that go to exactly this phone, through the keyed index; the number is nowhere in the query."""
    wanted = privacy.blind_index(privacy.normal_phone(text), shop_id=shop.pk)
    found = Recipient.objects.for_shop(shop).filter(phone_index=wanted)
    return Q(pk__in=found.values("order_id")) if wanted else Q(pk__in=[])


def tracking(shop: Shop, text: str) -> Q:
    """Match orders of which something travels under this tracking number."""
    parcels = Parcel.objects.for_shop(shop).filter(tracking_no=text.strip())
    return Q(pk__in=ParcelLine.objects.filter(parcel__in=parcels).values("order_id"))


def products(shop: Shop, text: str) -> Products:
    """Return the products that a text means: by number, by SKU or seller's code, or by a piece of the title.

    A handful come as keys, very many as a query, none as None.
    """
    by_sku = Sku.objects.for_shop(shop).filter(Q(number=text) | Q(code=text)).values("product_id")
    wanted = Q(number=text) | Q(pk__in=by_sku) | Q(Like(Lower("title"), Value(like(text))))
    found = Product.objects.for_shop(shop).filter(wanted).order_by().values_list("pk", flat=True)
    keys = list(found[: MOST_PRODUCTS + 1])
    return found if len(keys) > MOST_PRODUCTS else keys or None


def product(shop: Shop, text: str) -> Q:
    """Match orders with a line of such a product."""
    found = products(shop, text)
    if found is None:
        return Q(pk__in=[])
    return Q(Exists(OrderLine.objects.filter(order_id=OuterRef("pk"), product_id__in=found)))


@dataclass(frozen=True)
class Needle:
    """What is searched: the text and the products that it means."""

    shop: Shop
    text: str
    products: Products

    def matches(self, within: Q | None = None) -> Q:
        """Return the condition that a row is tested with; `within` bounds the lines when the rows are so bounded."""
        found = nickname(self.text) | Q(number__startswith=self.text)
        if self.products is None:
            return found
        lines = OrderLine.objects.for_shop(self.shop).order_by()
        if within is not None:
            return found | Q(pk__in=lines.filter(within, product_id__in=self.products).values("order_id"))
        if not isinstance(self.products, list):
            return found | Q(Exists(lines.filter(order_id=OuterRef("pk"), product_id__in=self.products)))
        # Asked row by row: with EXISTS the planner would first read every line of a popular product.
        bought = ArraySubquery(lines.filter(order_id=OuterRef("pk")).values("product_id"))
        return found | Q(Overlaps(bought, Value(self.products, output_field=_KEYS)))

    def candidates(self) -> list[tuple[int, datetime]] | None:
        """Return the orders that the indexes find, each with its time, or None when the word is common after all."""
        every = Order.objects.for_shop(self.shop).order_by()
        queries: list[QuerySet] = [
            every.filter(nickname_indexed(self.text)).values_list("pk", "placed_at"),
            every.filter(number__startswith=self.text).values_list("pk", "placed_at"),
        ]
        if self.products is not None:
            lines = OrderLine.objects.for_shop(self.shop).order_by()
            queries.append(lines.filter(product_id__in=self.products).values_list("order_id", "placed_at"))
        union = queries[0].union(*queries[1:], all=True)
        found = list(union[: MOST_CANDIDATES + 1])
        return None if len(found) > MOST_CANDIDATES else found


def by_number(shop: Shop, text: str) -> Q | None:
    """Match what a number names: order no. or its beginning, tracking no., or a phone; None when it names nothing."""
    every = Order.objects.for_shop(shop).order_by()
    queries = [
        every.filter(number__startswith=text).values_list("pk"),
        every.filter(tracking(shop, text)).values_list("pk"),
    ]
    if len(privacy.normal_phone(text)) >= 7:
        queries.append(every.filter(phone(shop, text)).values_list("pk"))
    found = [pk for (pk,) in queries[0].union(*queries[1:])[: MOST_CANDIDATES + 1]]
    # So many can only share a beginning, and then a walk meets them at once.
    return Q(number__startswith=text) if len(found) > MOST_CANDIDATES else among(found) if found else None


def pasted(shop: Shop, numbers: list[str]) -> tuple[list[int], list[str]]:
    """Return the orders that pasted order or tracking numbers name, and the numbers that this shop does not know."""
    orders = dict(Order.objects.for_shop(shop).filter(number__in=numbers).values_list("number", "pk"))
    rest = [number for number in numbers if number not in orders]
    parts = ParcelLine.objects.for_shop(shop).filter(parcel__tracking_no__in=rest)
    by_tracking: dict[str, set[int]] = {}
    for number, pk in parts.values_list("parcel__tracking_no", "order_id"):
        by_tracking.setdefault(number, set()).add(pk)
    ids = set(orders.values()).union(*by_tracking.values())
    return sorted(ids), [number for number in rest if number not in by_tracking]


def fetch(rows: QuerySet, text: str, sort: Sort, size: int, cursor: Cursor | None, *, shop: Shop) -> Page:
    """Return one page of those rows that the text finds, in at most six short queries."""
    text = text.strip()
    if _NUMBER_LIKE.fullmatch(text) and (named := by_number(shop, text)) is not None:
        return keyset.fetch(rows.filter(named), sort, size, cursor)
    if len(text) < 2:
        return keyset.fetch(rows.filter(number__startswith=text), sort, size, cursor)
    needle = Needle(shop, text, products(shop, text))
    page, whole = _walk(rows, needle, sort, size, cursor, reach=SLICE)
    if not whole and len(page.rows) >= COMMON:
        page, whole = _walk(rows, needle, sort, size, cursor, reach=WALK)
    if whole:
        return page
    indexed = needle.candidates()
    if indexed is None:
        return keyset.fetch(rows.filter(needle.matches()), sort, size, cursor)
    nearest = _nearest(indexed, sort, cursor, most=NEAREST * size)
    page = keyset.fetch(rows.filter(among(nearest)), sort, size, cursor)
    more = page.previous if cursor and cursor.backwards else page.next
    if more is not None or len(nearest) == len(indexed):
        return page
    return keyset.fetch(rows.filter(among([pk for pk, _at in indexed])), sort, size, cursor)


def condition(shop: Shop, text: str) -> Q:
    """Return the condition of every order that the text finds, for work on all of them at once."""
    text = text.strip()
    if _NUMBER_LIKE.fullmatch(text) and (named := by_number(shop, text)) is not None:
        return named
    if len(text) < 2:
        return Q(number__startswith=text)
    needle = Needle(shop, text, products(shop, text))
    indexed = needle.candidates()
    return needle.matches() if indexed is None else among([pk for pk, _at in indexed])


def _nearest(found: list[tuple[int, datetime]], sort: Sort, cursor: Cursor | None, *, most: int) -> list[int]:
    """Return the orders that come next in a list by time, a few pages of them; all of them in any other list."""
    if sort.field != "placed_at" or len(found) <= most:
        return [pk for pk, _at in found]
    falling = sort.descending != bool(cursor and cursor.backwards)
    if cursor is not None:
        found = [one for one in found if (one[1] <= cursor.value if falling else one[1] >= cursor.value)]
    found.sort(key=lambda one: (one[1], one[0]), reverse=falling)
    return [pk for pk, _at in found[:most]]


def _walk(
    rows: QuerySet, needle: Needle, sort: Sort, size: int, cursor: Cursor | None, *, reach: int
) -> tuple[Page, bool]:
    """Test the next rows of the list one by one, `reach` of them; also say whether that settles the page."""
    last = keyset.reach(rows, sort, reach, cursor)
    near = keyset.upto(last, sort) if last else Q()
    within = _same_span(sort, cursor, last) if last else None
    page = keyset.fetch(rows.filter(near).filter(needle.matches(within)), sort, size, cursor)
    more = page.previous if cursor and cursor.backwards else page.next
    return page, last is None or more is not None


def _same_span(sort: Sort, cursor: Cursor | None, last: Cursor) -> Q | None:
    """Return the span of time of these rows as a condition on their lines, which carry it when the list is by time."""
    if sort.field != "placed_at":
        return None
    ends = [last.value] if cursor is None else sorted([cursor.value, last.value])
    if len(ends) == 2:
        return Q(placed_at__range=ends)
    return Q(placed_at__gte=ends[0]) if sort.descending else Q(placed_at__lte=ends[0])
