"""Stock: the list of SKUs, the ledger of one with the doors of what can be done, and counts from a file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orders import inventory, stock_counts
from orders.models import Sku, StockMovement
from orders.stock_counts import Told
from orders.stock_filters import STOCKED, TABS, StockFilter
from orders.stock_forms import AdjustForm, CountForm, CountsFileForm, CountsForm, LimitForm
from orders.stock_tables import StockTable, level, limit, movement, name_of, units
from sellercenter import keyset
from sellercenter.imports import UnreadableFile
from sellercenter.keyset import Cursor, Sort
from sellercenter.lifecycle import Refused
from sellercenter.pages import ActPage, ShopPage, TablePage, Text
from sellercenter.permissions import Perm

_NEWEST = Sort("at", descending=True)
# So many rows of a file are shown; a page of ten thousand helps nobody.
_SHOWN = 300


class StockList(TablePage):
    """The SKUs of this shop with what is on hand, reserved and available."""

    name, url_name, permission = "stock", "stock_list", Perm.ORDERS_VIEW
    title = gettext_lazy("Stock")
    queryset = STOCKED
    filterset_class, table_class, tabs = StockFilter, StockTable, TABS

    def link(self, record: Sku) -> str:
        """Return the address of the SKU's page."""
        return f"{self._base}/{record.pk}"

    @cached_property
    def _base(self) -> str:
        return self.url(self.url_name)

    def extras(self) -> dict[str, Any]:
        """Offer the upload of counts to those who may change stock, and imports for large files."""
        upload = {"label": _("Upload counts"), "url": self.url("stock_upload"), "icon": "upload"}
        bring = {"label": _("Import"), "url": self.url("import_list"), "icon": "file-import"}
        wanted = {Perm.STOCK_EDIT: upload, Perm.IMPORTS_RUN: bring}
        return {"page": {"actions": [action for perm, action in wanted.items() if self.actor.may(perm)]}}

    def empty(self) -> dict[str, Any]:
        """Say how SKUs come in when there are none at all."""
        if self.filterset.active() or (self.tab and self.tab.code):
            return super().empty()
        return {"title": _("No SKUs yet."), "text": _("They come with the orders that name them."), "actions": []}


class StockPage(ShopPage):
    """What the pages below the stock list share."""

    abstract = True

    def sku_of(self, pk: int) -> Any:
        """Return the SKU of this shop with its limit, or 404."""
        return get_object_or_404(STOCKED.for_shop(self.shop), pk=pk)

    def trail(self, label: Text) -> dict[str, Any]:
        """Return the page head of a page below the stock list."""
        crumbs = [{"label": _("Stock"), "url": self.url("stock_list")}, {"label": label, "url": ""}]
        return {"title": label, "breadcrumbs": crumbs}


class StockDetail(StockPage):
    """One SKU: what there is of it, its ledger, and what this person can do."""

    permission = Perm.ORDERS_VIEW
    template = "orders/stock_detail.html"
    per_page = 50

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the SKU with one page of its movements, the newest first."""
        sku = self.sku_of(pk)
        try:
            token = request.GET.get("after", "")
            cursor = Cursor.read(token, _NEWEST) if token else None
        except Refused as refused:
            messages.error(request, str(refused.message))
            cursor = None
        rows = StockMovement.objects.for_shop(self.shop).filter(sku=sku).select_related("order")
        return self.show(
            page=self.trail(name_of(sku)) | {"help": self._help(sku)},
            sku=self._sku(sku) | {"forms": self._forms(sku)},
            **self._ledger(keyset.fetch(rows.only(*_LEDGER), _NEWEST, self.per_page, cursor)),
        )

    def _help(self, sku: Sku) -> str:
        return " · ".join(part for part in (sku.product.title, sku.variant) if part)

    def _sku(self, sku: Any) -> dict[str, Any]:
        at = self.setting
        numbers = {name: units(name)(sku, at) for name in ("available", "on_hand", "reserved")}
        return {"number": sku.number, "code": sku.code, "badge": level(sku, at), "limit": limit(sku, at), **numbers}

    def _ledger(self, page: keyset.Page) -> dict[str, Any]:
        here = self.request.path
        rows = [movement(row, self.setting) for row in page.rows]
        for row in rows:
            if row["order"]:
                row["order"]["url"] = self.url("order_detail", row["order"]["pk"])
        found = ngettext("%d movement on this page", "%d movements on this page", len(rows)) % len(rows)
        pager = {
            "first_url": here if page.previous else "",
            "prev_url": f"{here}?after={page.previous.token()}" if page.previous else "",
            "next_url": f"{here}?after={page.next.token()}" if page.next else "",
            "from_text": found,
        }
        return {"movements": rows, "pager": pager if page.previous or page.next else None}

    def _forms(self, sku: Sku) -> list[dict[str, Any]]:
        """Prepare what this person can do with the SKU, in order of use."""
        if not self.actor.may(Perm.STOCK_EDIT):
            return []
        told = {"on_hand": sku.on_hand} if sku.tracked else {}
        count = CountForm(initial=told, auto_id="count_%s")
        shown = [self._form("count", _("Count"), count, sku)]
        if sku.tracked:
            shown.append(self._form("adjust", _("Adjust"), AdjustForm(auto_id="adjust_%s"), sku))
        low = LimitForm(initial={"low_at": sku.low_at}, auto_id="limit_%s")
        return [*shown, self._form("limit", _("Set limit"), low, sku)]

    def _form(self, name: str, label: str, form: Any, sku: Sku) -> dict[str, Any]:
        return {"id": f"stock-{name}", "label": label, "form": form, "url": self.url(f"stock_{name}", sku.pk)}


_LEDGER = (
    "at",
    "kind",
    "on_hand",
    "reserved",
    "reason",
    "actor_label",
    "member_id",
    "line_id",
    "sku_id",
    "order__number",
)


class StockAct(ActPage):
    """A verb on one SKU of this shop."""

    abstract = True

    def find(self, **kwargs: Any) -> Sku:
        """Return the SKU of this shop, or 404."""
        return get_object_or_404(Sku.objects.for_shop(self.shop).select_related("shop"), pk=kwargs["pk"])

    def after(self, record: Sku) -> str:
        """Go back to the SKU."""
        return self.url("stock_detail", record.pk)


class StockCount(StockAct):
    """Say how many units are on hand."""

    permission, form_class, done = Perm.STOCK_EDIT, CountForm, gettext_lazy("The count is entered.")

    def act(self, record: Sku, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        inventory.count(record, on_hand=data["on_hand"], reason=data["reason"], by=self.actor)
        return None


class StockAdjust(StockAct):
    """Add units or take some away."""

    permission, form_class, done = Perm.STOCK_EDIT, AdjustForm, gettext_lazy("The stock is adjusted.")

    def act(self, record: Sku, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        inventory.adjust(record, change=data["change"], reason=data["reason"], by=self.actor)
        return None


class StockLimit(StockAct):
    """Set from how few units on the SKU is low."""

    permission, form_class, done = Perm.STOCK_EDIT, LimitForm, gettext_lazy("The limit is set.")

    def act(self, record: Sku, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        inventory.set_low_at(record, low_at=data["low_at"], by=self.actor)
        return None


class StockUpload(StockPage):
    """Bring a file of counts and look at what it would change; nothing is changed here."""

    permission = Perm.STOCK_EDIT
    template = "orders/stock_upload.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        return self._answer(CountsFileForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show what the file would change, row by row, or why it can't be read."""
        form = CountsFileForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                told = _read(self, form.cleaned_data["file"])
            except UnreadableFile as error:
                form.add_error("file", str(error))
            else:
                return self._answer(CountsFileForm(), preview=self._preview(told))
        return self._answer(form, status=422)

    def _answer(self, form: CountsFileForm, *, status: int = 200, **context: Any) -> HttpResponse:
        page = self.trail(_("Upload counts"))
        return self.show(status=status, page=page, form=form, cancel_url=self.url("stock_list"), **context)

    def _preview(self, told: list[Told]) -> dict[str, Any]:
        """Prepare the rows that can't be taken, then those that change something; equal ones are only counted."""
        refused, changed = [one for one in told if one.problem], [one for one in told if one.changes]
        listed = [*refused, *changed]
        return {
            "refused": len(refused),
            "changed": len(changed),
            "same": len(told) - len(listed),
            "rows": [_row(one) for one in listed[:_SHOWN]],
            "hidden": max(0, len(listed) - _SHOWN),
            "apply_url": self.url("stock_counts"),
            "counts": stock_counts.seal(self.shop, told) if changed else "",
        }


def _read(page: StockUpload, file: UploadedFile) -> list[Told]:
    """Put the upload where the readers of tables find it, for as long as they read."""
    with tempfile.NamedTemporaryFile(prefix="counts-") as kept:
        for piece in file.chunks():
            kept.write(piece)
        kept.flush()
        return stock_counts.read(page.shop, Path(kept.name))


def _row(one: Told) -> dict[str, Any]:
    before = "—" if one.before is None else str(one.before)
    after = one.said if one.counted is None else str(one.counted)
    return {"row": one.row, "name": one.name or "—", "before": before, "after": after, "problem": one.problem}


class StockCounts(ActPage):
    """Count what somebody has looked at, in one go."""

    permission, form_class = Perm.STOCK_EDIT, CountsForm

    def find(self, **kwargs: Any) -> None:
        """Name no record: the file names its SKUs."""

    def act(self, record: None, data: dict[str, Any]) -> Text | None:
        """Call the verb; name what could not be counted after all."""
        counts, seen = stock_counts.unseal(self.shop, data["counts"])
        found = inventory.count_many(self.shop, counts, seen=seen, reason="", by=self.actor)
        late, moved = [one.name for one in found if one.refused], [one.name for one in found if one.moved]
        if late:
            told = _("Not counted, because orders have reserved more meanwhile: %s.")
            messages.warning(self.request, told % ", ".join(late[:20]))
        if moved:
            told = _("Not counted, because their stock has changed since you looked: %s. Upload the file again to see.")
            messages.warning(self.request, told % ", ".join(moved[:20]))
        changed = sum(one.changed for one in found)
        return ngettext("%d SKU is counted.", "%d SKUs are counted.", changed) % changed

    def after(self, record: None) -> str:
        """Go back to the list."""
        return self.url("stock_list")
