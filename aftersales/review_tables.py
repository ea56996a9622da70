"""The columns of the list of reviews."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from aftersales.models import NEGATIVE, Review
from aftersales.states import Cause
from sellercenter.columns import ChoiceColumn, Column, ListTable, MadeColumn, NumberColumn, Setting, TimeColumn
from sellercenter.keyset import Sort

_SHOWN = 90


def stars(review: Review, at: Setting) -> list[dict[str, str]]:
    """Show the stars, and the first ones where they were others."""
    shown = [{"code": tone(review.rating), "label": "★" * review.rating}]
    if review.first_rating != review.rating:
        shown.append({"code": tone(review.first_rating), "label": _("first %s") % ("★" * review.first_rating)})
    return shown


def tone(rating: int) -> str:
    """Return the colour of so many stars, as a code of badges."""
    return "late" if rating <= NEGATIVE else "soon" if rating == NEGATIVE + 1 else "completed"


def answer(review: Review, at: Setting) -> list[dict[str, str]]:
    """Show whether an answer is there, and a negative review that waits for one."""
    if review.replied_at is not None:
        return [{"code": "done", "label": _("Answered")}]
    return [{"code": "late", "label": pgettext("review", "To answer")}] if review.first_rating <= NEGATIVE else []


def fault(review: Review, at: Setting) -> str:
    """Show whose fault it was, where somebody has said so."""
    if review.seller_fault is None:
        return ""
    return _("Our fault") if review.seller_fault else _("Not our fault")


def words(review: Review, at: Setting) -> str:
    """Show how the review begins, with what was added later."""
    said = " ".join(f"{review.words} {review.more_words}".split())
    return f"{said[:_SHOWN]}…" if len(said) > _SHOWN else said


def product(review: Review, at: Setting) -> str:
    """Show what was reviewed."""
    return review.product.title


def order_number(review: Review, at: Setting) -> str:
    """Show the order's number, where the review names one."""
    return review.order.number if review.order else ""


class ReviewTable(ListTable):
    """The columns of the list of reviews."""

    number = NumberColumn(gettext_lazy("Review no."), "number", required=True)
    stars = MadeColumn(gettext_lazy("Stars"), stars, kind="badges", sort="stars")
    words = MadeColumn(gettext_lazy("Review"), words, kind="text")
    product = MadeColumn(gettext_lazy("Product"), product, kind="text")
    answer = MadeColumn(gettext_lazy("Answer"), answer, kind="badges")
    cause = ChoiceColumn(gettext_lazy("Cause"), "cause", Cause)
    fault = MadeColumn(gettext_lazy("Whose fault"), fault, kind="text")
    written = TimeColumn(pgettext_lazy("time", "Written"), "at", sort="written")
    buyer = Column(gettext_lazy("Buyer"), "buyer_nickname")
    order = MadeColumn(gettext_lazy("Order no."), order_number, kind="text", shown=False)
    replied = TimeColumn(gettext_lazy("Answered"), "replied_at", shown=False)

    sorts = {"written": Sort("at", descending=True), "stars": Sort("rating", type=int)}
    default_sort = "written"
