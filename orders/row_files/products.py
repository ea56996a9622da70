"""Products and SKUs from files: one row for each SKU, what is said of the product on its first row or on each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from django.db import DatabaseError, OperationalError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import catalogue
from orders.catalogue import Answer, GoodsTold
from orders.imports import cells
from orders.models import Product, Sku
from orders.row_files.columns import PRICE, PRODUCT_NO, SELLER_SKU, SKU_NO, TITLE, VARIANT, identifier, text
from sellercenter.imports import RowError
from sellercenter.locks import too_busy
from sellercenter.models import Shop
from sellercenter.permissions import Actor, Perm
from sellercenter.row_imports import Column, Fate, Refusal, RowFile, Said, Verdict, Work, alone

_OF_SKU = ("sku_no", "seller_sku", "variant", "price")


class _Goods(Work):
    """The products and SKUs of one file."""

    together = True

    def __init__(self, shop: Shop, *, by: Actor, dry_run: bool) -> None:
        super().__init__(shop, by=by, dry_run=dry_run)
        self._above: Said | None = None
        # What rows before said: of each product its row and title, of each SKU its row and a mark of all it said.
        self._products: dict[str, tuple[int, str]] = {}
        self._skus: dict[str | tuple[str, str], tuple[int, int]] = {}
        # The titles that products would have by now, in a dry run.
        self._taken: dict[str, str] = {}

    def complete(self, said: Said) -> Said:
        """Let a row that names no product go on with the one above it."""
        if said.values.get("product_no") or any(one.column in ("product_no", "") for one in said.problems):
            self._above = said
        elif self._above is None:
            self._refuse(said, "product_no", _("This column must not be empty."))
        elif "product_no" not in self._above.values:
            told = _("Not imported, because row %d, which names the product, was refused.") % self._above.row
            self._refuse(said, "product_no", told)
        else:
            said.values["product_no"] = self._above.values["product_no"]
        if "sku_no" not in said.values and not said.problems and said.values.keys() & {*_OF_SKU}:
            self._refuse(said, "sku_no", _("Give the id of the SKU that this row tells of."))
        return said

    def _refuse(self, said: Said, column: str, message: str) -> None:
        said.problems.append(RowError(said.row, "", column, "", message))

    def take(self, records: Sequence[list[Said]]) -> Iterator[Verdict]:
        """Put all goods of a chunk in at once, or one by one when one of them can't be."""
        told, early = list[GoodsTold](), list[Verdict | None]()
        for [said] in records:
            told.append(self._told(said))
            early.append(self._early(said, told[-1]))
        answers = self._answers([one for one, verdict in zip(told, early, strict=True) if verdict is None])
        for verdict in early:
            yield verdict or next(answers)

    def _told(self, said: Said) -> GoodsTold:
        values = said.values
        number = values["product_no"]
        title = values.get("title") or self._products.get(number, (0, ""))[1]
        code, variant = values.get("seller_sku", ""), values.get("variant", "")
        return GoodsTold(number, title, values.get("sku_no", ""), code, variant, values.get("price"))

    def _early(self, said: Said, told: GoodsTold) -> Verdict | None:
        """Say what becomes of a row that repeats or contradicts one above it; nothing for any other."""
        above, title = self._products.get(told.product_no, (said.row, ""))
        if title and title != told.title:
            return Refusal(_("Row %d gives this product another title. Keep one.") % above, "title")
        if told.title and not title:
            self._products[told.product_no] = (said.row, told.title)
        name = told.sku_no or (told.product_no, told.title)
        mark = hash((told.product_no, *told.sku().items()))
        first, other = self._skus.setdefault(name, (said.row, mark))
        if mark != other:
            return Refusal(_("Row %d says something else of this SKU. Keep one.") % first, "sku_no")
        return Fate.UNCHANGED if first != said.row and title == told.title else None

    def _answers(self, told: Sequence[GoodsTold]) -> Iterator[Verdict]:
        if self.dry_run:
            yield from self._foreseen(told)
            return
        try:
            answers = catalogue.put(self.shop, told, by=self.by)
        except DatabaseError as error:
            if isinstance(error, OperationalError) and not too_busy(error):
                raise
            yield from (alone(partial(self._put, one)) for one in told)
            return
        yield from map(_verdict, answers)

    def _foreseen(self, told: Sequence[GoodsTold]) -> Iterator[Verdict]:
        """Say what would become of goods after all that came before them in the file."""
        state = catalogue.stored(self.shop, told)
        state.titles |= {
            number: self._taken[number] for number in self._taken.keys() & {one.product_no for one in told}
        }
        for one in told:
            answer = state.answer(one)
            if not answer.problem:
                self._taken[one.product_no] = state.titles[one.product_no]
            yield _verdict(answer)

    def _put(self, told: GoodsTold) -> Verdict:
        return _verdict(catalogue.put(self.shop, [told], by=self.by)[0])


def _verdict(answer: Answer) -> Verdict:
    if answer.problem:
        return Refusal(answer.problem)
    return Fate.NEW if answer.new else Fate.CHANGED if answer.changes else Fate.UNCHANGED


PRODUCTS = RowFile(
    code="products",
    label=gettext_lazy("Products and SKUs"),
    records=gettext_lazy("SKUs"),
    permission=Perm.IMPORTS_RUN,
    columns=(
        Column("product_no", identifier, PRODUCT_NO),
        Column("title", text(Product, "title"), TITLE),
        Column("sku_no", identifier, SKU_NO),
        Column("seller_sku", identifier, SELLER_SKU),
        Column("variant", text(Sku, "variant"), VARIANT),
        Column("price", lambda shop: cells.amount(shop.currency), PRICE),
    ),
    needs=(("product_no",), ("title",)),
    key=("sku_no", "product_no"),
    work=_Goods,
    example={"product_no": "3601", "title": "Green tea", "sku_no": "36011", "seller_sku": "TEA-250", "price": "25.00"},
)
