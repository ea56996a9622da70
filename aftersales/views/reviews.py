"""Reviews: the list, one review with its answer and its class, and causes by week."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import canned, reviews
from aftersales.models import CannedReply, Review
from aftersales.review_filters import TABS, ReviewFilter
from aftersales.review_tables import ReviewTable, fault, stars
from aftersales.review_weeks import UNKNOWN, ProductWeeks, Week, weekly
from aftersales.states import Cause
from aftersales.talk_counts import reviews_to_answer
from aftersales.talk_forms import ClassForm, ReplyForm
from sellercenter.columns import labels
from sellercenter.lifecycle import Refused
from sellercenter.locks import too_busy
from sellercenter.pages import ActPage, ShopPage, TablePage, Text
from sellercenter.permissions import CHANNEL, Perm
from sellercenter.times import moment

_LISTED = (
    *("number", "rating", "first_rating", "words", "more_words", "replied_at", "cause", "seller_fault", "at"),
    *("buyer_nickname", "product__title", "order__number"),
)


_OPEN = 3


class ReviewList(TablePage):
    """The reviews of this shop: the negative ones that wait for an answer, and all others."""

    name, url_name, permission = "reviews", "review_list", Perm.AFTERSALES_VIEW
    title = gettext_lazy("Reviews")
    queryset = Review.objects.select_related("product", "order").only(*_LISTED)
    filterset_class, table_class, tabs = ReviewFilter, ReviewTable, TABS

    def link(self, record: Review) -> str:
        """Return the address of the review's page."""
        return f"{self._base}/{record.pk}"

    @cached_property
    def _base(self) -> str:
        return self.url(self.url_name)

    def extras(self) -> dict[str, Any]:
        """Lead to the causes by week."""
        weeks = {"label": _("Causes by week"), "url": self.url("review_weeks"), "icon": "chart-bar"}
        return {"page": {"actions": [weeks]}}

    def empty(self) -> dict[str, Any]:
        """Say how reviews come in when there are none at all."""
        if self.filterset.active() or (self.tab and self.tab.code):
            return super().empty()
        text = _("Import a file with “manage.py import_reviews”.")
        return {"title": _("No reviews yet."), "text": text, "actions": [], "icon": "star"}


class ReviewPage(ShopPage):
    """What the pages of one review share."""

    abstract = True
    template = "aftersales/review.html"

    def review_of(self, pk: int) -> Review:
        """Return the review of this shop, or 404."""
        found = Review.objects.for_shop(self.shop).select_related("shop", "product", "order", "replied_by")
        return get_object_or_404(found, pk=pk)

    def answer(self, review: Review, *, form: ReplyForm | None = None, status: int = 200) -> HttpResponse:
        """Show the review with what this person can do."""
        crumbs = [{"label": _("Reviews"), "url": self.url("review_list")}, {"label": review.number, "url": ""}]
        return self.show(
            status=status,
            page={"title": review.product.title, "breadcrumbs": crumbs, "actions": self._next(review)},
            review=self._shown(review),
            reply_form=self._reply_form(review, form),
            class_form=self._class_form(review),
        )

    def _shown(self, review: Review) -> dict[str, Any]:
        at = self.setting
        times = {
            name: moment(getattr(review, name), at.zone, this_year=at.year) for name in ("at", "more_at", "replied_at")
        }
        order = review.order
        return {
            **{name: getattr(review, name) for name in ("number", "words", "more_words", "reply", "rating")},
            **times,
            "badges": stars(review, at),
            "buyer": review.buyer_nickname or "—",
            "replied_by": _("Platform") if review.replied_label == CHANNEL.label else review.replied_label,
            "cause": labels(Cause).get(review.cause, ""),
            "fault": fault(review, at),
            "order": {"number": order.number, "url": self.url("order_detail", order.pk)} if order else None,
            "product": {"number": review.product.number, "url": self._of_product(review)},
        }

    def _of_product(self, review: Review) -> str:
        return f"{self.url('review_list')}?{urlencode({'tab': 'negative', 'product': review.product.number})}"

    def _next(self, review: Review) -> list[dict[str, str]]:
        """Lead to the next negative review that waits."""
        waiting = reviews_to_answer(self.shop).exclude(pk=review.pk).order_by("-at", "-pk")
        pk = waiting.values_list("pk", flat=True).first() if self.actor.may(Perm.MESSAGES_ANSWER) else None
        return [{"label": _("Next to answer"), "url": self.url("review_detail", pk)}] if pk else []

    def _reply_form(self, review: Review, form: ReplyForm | None) -> dict[str, Any] | None:
        if review.replied_at is not None or not self.actor.may(Perm.MESSAGES_ANSWER):
            return None
        values = canned.values_of(self.shop, nickname=review.buyer_nickname, order=review.order)
        choices = canned.offered(self.shop, CannedReply.Use.REVIEW, values)
        chosen = next((one for one in choices if str(one["id"]) == self.request.GET.get("canned")), None)
        start = {"seen": reviews.said(review), "words": chosen["words"] if chosen else ""}
        form = form or ReplyForm(initial=start, auto_id="reply_%s")
        return {"form": form, "url": self.url("review_reply", review.pk), "canned": choices, "here": self._here(review)}

    def _here(self, review: Review) -> str:
        return self.url("review_detail", review.pk)

    def _class_form(self, review: Review) -> dict[str, Any] | None:
        if not self.actor.may(Perm.MESSAGES_ANSWER):
            return None
        whose = {True: "ours", False: "other", None: ""}[review.seller_fault]
        start = {"cause": review.cause or Cause.QUALITY, "fault": whose, "seen": reviews.classed(review)}
        form = ClassForm(initial=start, auto_id="class_%s")
        return {"form": form, "url": self.url("review_classify", review.pk)}


class ReviewDetail(ReviewPage):
    """One review: what the buyer says, what the shop answered, and why it came to that."""

    permission = Perm.AFTERSALES_VIEW

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the review."""
        return self.answer(self.review_of(pk))


class ReviewReply(ReviewPage):
    """Answer a review; words that are refused stay in their place."""

    permission = Perm.MESSAGES_ANSWER
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Call the verb, or show what is wrong with the words."""
        review, form = self.review_of(pk), ReplyForm(request.POST, auto_id="reply_%s")
        if not form.is_valid():
            return self.answer(review, form=form, status=422)
        try:
            reviews.reply(review, by=self.actor, **form.cleaned_data)
        except Refused as refused:
            return self._refused(review, form, str(refused.message))
        except OperationalError as error:
            if not too_busy(error):
                raise
            return self._refused(review, form, _("Somebody else is changing this at the very moment. Try again."))
        messages.success(request, _("The answer is kept."))
        return HttpResponseRedirect(self._here(review))

    def _refused(self, review: Review, form: ReplyForm, message: str) -> HttpResponse:
        """Show the review as it is now, with the words that were typed and why they were not taken."""
        form.add_error("words", message)
        fresh = self.review_of(review.pk)
        form.data = {**form.data.dict(), "seen": reviews.said(fresh)}  # type: ignore[assignment,attr-defined]
        if fresh.replied_at is not None:
            messages.error(self.request, message)
        return self.answer(fresh, form=form, status=422)


class ReviewClassify(ActPage):
    """Put a review down to a cause."""

    permission, form_class = Perm.MESSAGES_ANSWER, ClassForm
    done = gettext_lazy("The review is classified.")

    def find(self, **kwargs: Any) -> Review:
        """Return the review of this shop, or 404."""
        return get_object_or_404(Review.objects.for_shop(self.shop).select_related("shop"), pk=kwargs["pk"])

    def act(self, record: Review, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        ours = data["fault"] == "ours"
        reviews.classify(record, cause=data["cause"], seller_fault=ours, seen=data["seen"], by=self.actor)
        return None

    def after(self, record: Review) -> str:
        """Go back to the review."""
        return self.url("review_detail", record.pk)


class ReviewWeeks(ShopPage):
    """What negative reviews complain of, by product and week; each number opens the reviews that it counts."""

    permission = Perm.AFTERSALES_VIEW
    title, template = gettext_lazy("Causes by week"), "aftersales/review_weeks.html"
    help = gettext_lazy("Reviews of one or two stars, by the first rating. Products with the most of them first.")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the last weeks of the products that are complained of most."""
        asked = request.GET.get("product", "")[:64].replace("\0", "")
        found = weekly(self.shop, now=self.now, product=asked)
        crumbs = [{"label": _("Reviews"), "url": self.url("review_list")}, {"label": self.title, "url": ""}]
        heads = [*labels(Cause).values(), _("Not classified")]
        # The worst stand open; the others say their share and open at a click.
        shown = [self._product(one) | {"open": place < _OPEN} for place, one in enumerate(found)]
        return self.show(page={"breadcrumbs": crumbs}, heads=heads, products=shown)

    def _product(self, product: ProductWeeks) -> dict[str, Any]:
        rows = [self._week(product, week) for week in product.weeks]
        every, negative = sum(w.every for w in product.weeks), sum(w.negative for w in product.weeks)
        summed = {"every": every, "negative": negative, "share": _share(negative, every)}
        return {"id": product.product_id, "title": product.title, "number": product.number, "rows": rows, **summed}

    def _week(self, product: ProductWeeks, week: Week) -> dict[str, Any]:
        span = {"product": product.number, "written_from": f"{week.begins}", "written_to": f"{week.ends}"}
        cells = [
            {"n": n, "url": self._list({**span, "tab": "negative", **_by_cause(cause)})}
            for cause, n in week.causes.items()
        ]
        return {
            "begins": week.begins,
            "ends": week.ends,
            "cells": cells,
            "negative": {"n": week.negative, "url": self._list({**span, "tab": "negative"})},
            "every": {"n": week.every, "url": self._list(span)},
            "share": _share(week.negative, week.every),
        }

    def _list(self, query: dict[str, str]) -> str:
        return f"{self.url('review_list')}?{urlencode(query)}"


def _by_cause(cause: str) -> dict[str, str]:
    return {"classified": "no"} if cause == UNKNOWN else {"cause": cause}


def _share(part: int, whole: int) -> str:
    """Write a share in percent; a dash where there is nothing to divide by."""
    return f"{100 * part / whole:.1f} %" if whole else "—"
