"""Conversations with buyers: at the left who wrote, at the right what was said, and what is known of the buyer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import OperationalError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from aftersales import canned, conversations, talk_counts
from aftersales.models import CannedReply, Case, ChatMessage, Conversation
from aftersales.states import CaseKind, CaseStatus, Side
from aftersales.talk_forms import AnswerForm, SeenForm, TagForm
from orders import buyers, search
from orders.models import Buyer, Order
from orders.states import Status
from sellercenter import keyset, money
from sellercenter.columns import labels
from sellercenter.counts import CAP, capped_counts
from sellercenter.keyset import Cursor, Page, Sort
from sellercenter.lifecycle import Refused
from sellercenter.locks import too_busy
from sellercenter.models import MessageState, OutgoingMessage
from sellercenter.pages import ActPage, ShopPage, Text
from sellercenter.permissions import Perm
from sellercenter.times import due, moment

PER_PAGE, SHOWN, RECENT = 30, 100, 5
NEWEST = Sort("last_at", descending=True)
SOONEST = Sort("reply_by")
_WRITTEN = Sort("at", descending=True)
# (code, label, order); the first is where one begins.
_TABS = (("", pgettext_lazy("buyer", "Waiting"), SOONEST), ("unread", gettext_lazy("Unread"), NEWEST))
TABS = (*_TABS, ("all", gettext_lazy("All"), NEWEST))


class TalkPage(ShopPage):
    """What the pages of conversations share: the list at the left."""

    abstract = True
    title, template = gettext_lazy("Messages"), "aftersales/conversations.html"

    def lists(self) -> dict[str, QuerySet[Conversation]]:
        """Return the threads of each tab."""
        waiting, unread = talk_counts.conversations_waiting(self.shop), talk_counts.conversations_unread(self.shop)
        return {"": waiting, "unread": unread, "all": Conversation.objects.for_shop(self.shop)}

    @cached_property
    def tab(self) -> str:
        """The tab that the address names, or the first."""
        asked = self.request.GET.get("tab", "")
        return asked if asked in {code for code, _label, _sort in TABS} else ""

    @cached_property
    def asked(self) -> str:
        """What is looked for among the threads."""
        return self.request.GET.get("q", "").replace("\0", "").strip()[:100]

    def listed(self, current: Conversation | None = None) -> dict[str, Any]:
        """Prepare the list at the left: tabs, search, one page of threads."""
        lists = self.lists()
        counts = capped_counts(lists, shop=self.shop)
        page = self._page(lists["all" if self.asked else self.tab])
        base = self.url("conversation_list")
        return {
            "tabs": [self._tab(code, label, base, counts[code]) for code, label, _sort in TABS],
            "asked": self.asked,
            "search_url": base,
            "rows": [self._row(one, current) for one in page.rows],
            "pager": self._pager(page, base),
        }

    def _tab(self, code: str, label: Text, base: str, count: int) -> dict[str, Any]:
        active, url = code == self.tab and not self.asked, f"{base}?tab={code}" if code else base
        return {"label": label, "url": url, "active": active, "count": money.capped(count, CAP)}

    def _page(self, rows: QuerySet[Conversation]) -> Page:
        sort = NEWEST if self.asked else next(sort for code, _label, sort in TABS if code == self.tab)
        if self.asked:
            rows = rows.filter(self._matching(self.asked))
        token = self.request.GET.get("after", "")
        rows = rows.select_related("order")
        try:
            return keyset.fetch(rows, sort, PER_PAGE, Cursor.read(token, sort) if token else None)
        except Refused:
            return keyset.fetch(rows, sort, PER_PAGE)

    def _matching(self, text: str) -> Q:
        """Keep the threads about an order number, or of buyers who ordered under a nickname; both by indexes."""
        orders = Order.objects.for_shop(self.shop)
        people = orders.filter(search.nickname_indexed(text)).order_by("-placed_at").values_list("buyer_id", flat=True)
        numbered = orders.filter(number=text).values_list("pk", flat=True)
        return Q(order__in=list(numbered)) | Q(buyer__in=set(people[:1000]))

    def _row(self, one: Conversation, current: Conversation | None) -> dict[str, Any]:
        at = self.setting
        kept = f"?tab={self.tab}" if self.tab else ""
        return {
            "url": f"{self.url('conversation_detail', one.pk)}{kept}",
            "buyer": one.buyer_nickname or "—",
            "order": one.order.number if one.order else "",
            "words": one.last_words,
            "ours": one.last_side == Side.SELLER,
            "unread": one.unread,
            "at": moment(one.last_at, at.zone, this_year=at.year),
            "due": _clock(one, self),
            "active": current is not None and one.pk == current.pk,
        }

    def _pager(self, page: Page, base: str) -> dict[str, str] | None:
        if not (page.next or page.previous):
            return None
        start = f"{base}?tab={self.tab}&" if self.tab else f"{base}?"
        return {
            "first_url": start.rstrip("?&") if page.previous else "",
            "prev_url": f"{start}after={page.previous.token()}" if page.previous else "",
            "next_url": f"{start}after={page.next.token()}" if page.next else "",
            "from_text": "",
        }


def _clock(conversation: Conversation, page: ShopPage) -> Any:
    label = _("The buyer waits for an answer until then.")
    return due(conversation.reply_by, page.now, page.setting.zone, label=label)


class ConversationList(TalkPage):
    """Who wrote, those who wait first."""

    permission = Perm.AFTERSALES_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the list alone."""
        return self.show(listed=self.listed(), thread=None, page={"actions": _canned(self)})


def _canned(page: ShopPage) -> list[dict[str, str]]:
    if not page.actor.may(Perm.MESSAGES_ANSWER):
        return []
    return [{"label": _("Canned replies"), "url": page.url("canned_list"), "icon": "message-dots"}]


class ThreadPage(TalkPage):
    """What the pages of one thread share."""

    abstract = True

    def thread_of(self, pk: int) -> Conversation:
        """Return the thread of this shop, or 404."""
        found = Conversation.objects.for_shop(self.shop).select_related("shop__policy", "buyer__shop", "order")
        return get_object_or_404(found, pk=pk)

    def answer(self, one: Conversation, *, form: AnswerForm | None = None, status: int = 200) -> HttpResponse:
        """Show the list, the thread, and the buyer."""
        thread = self.thread(one)
        return self.show(
            status=status,
            listed=self.listed(one),
            thread=thread,
            # Whoever looks at an older page has not seen what came since.
            answer_form=None if thread["newest_url"] else self._answer_form(one, form),
            buyer=self._buyer(one),
            page={"actions": _canned(self)},
        )

    def thread(self, one: Conversation) -> dict[str, Any]:
        """Prepare what was said, the oldest first, and what can be done with it."""
        page = self._messages(one)
        here = self.url("conversation_detail", one.pk)
        may = self.actor.may(Perm.MESSAGES_ANSWER) and not page.previous
        return {
            "buyer": one.buyer_nickname or "—",
            "order": self._order(one.order) if one.order else None,
            "messages": [self._message(row, sent) for row, sent in _with_fates(page.rows[::-1])],
            "seen": max((row.pk for row in page.rows), default=0),
            "due": _clock(one, self),
            "older_url": f"{here}?before={page.next.token()}" if page.next else "",
            "newest_url": here if page.previous else "",
            # Only the newest page follows what comes; older ones stand still.
            "poll_url": "" if page.previous else here,
            "back_url": self.url("conversation_list"),
            "read_url": self.url("conversation_read", one.pk) if may and one.unread else "",
            "settle_url": self.url("conversation_settle", one.pk) if may and one.reply_by else "",
        }

    def _messages(self, one: Conversation) -> Page:
        rows = ChatMessage.objects.filter(conversation=one)
        token = self.request.GET.get("before", "")
        try:
            return keyset.fetch(rows, _WRITTEN, SHOWN, Cursor.read(token, _WRITTEN) if token else None)
        except Refused:
            return keyset.fetch(rows, _WRITTEN, SHOWN)

    def _message(self, row: ChatMessage, fate: str) -> dict[str, Any]:
        at = self.setting
        return {
            "ours": row.side == Side.SELLER,
            "who": row.label,
            "words": row.words,
            "at": moment(row.at, at.zone, this_year=at.year),
            "fate": fate,
        }

    def _answer_form(self, one: Conversation, form: AnswerForm | None) -> dict[str, Any] | None:
        if not self.actor.may(Perm.MESSAGES_ANSWER):
            return None
        values = canned.values_of(self.shop, nickname=one.buyer_nickname, order=one.order)
        choices = canned.offered(self.shop, CannedReply.Use.MESSAGE, values)
        chosen = next((kept for kept in choices if str(kept["id"]) == self.request.GET.get("canned")), None)
        form = form or AnswerForm(initial={"words": chosen["words"] if chosen else ""}, auto_id="answer_%s")
        here = self.url("conversation_detail", one.pk)
        return {"words": form["words"], "url": self.url("conversation_answer", one.pk), "canned": choices, "here": here}

    def _order(self, order: Order) -> dict[str, Any]:
        badge = {"code": order.status, "label": labels(Status)[order.status]}
        return {"number": order.number, "url": self.url("order_detail", order.pk), "badge": badge}

    def _buyer(self, one: Conversation) -> dict[str, Any]:
        buyer = one.buyer
        orders = Order.objects.for_shop(self.shop).filter(buyer=buyer).order_by("-placed_at", "-pk")
        may_tag = self.actor.may(Perm.ORDERS_NOTE)
        return {
            "nickname": buyer.nickname or "—",
            "uid": buyer.uid,
            "tags": buyer.tags,
            "tag_form": TagForm(auto_id="tag_%s") if may_tag else None,
            "tag_url": self.url("conversation_tag", one.pk),
            "untag_url": self.url("conversation_untag", one.pk),
            "orders": [self._order(order) for order in orders.only("number", "status")[:RECENT]],
            "cases": self._cases(buyer),
        }

    def _cases(self, buyer: Buyer) -> list[dict[str, Any]]:
        found = Case.objects.for_shop(self.shop).filter(order__buyer=buyer).order_by("-pk")[:RECENT]
        return [
            {
                "label": f"{labels(CaseKind)[case.kind]} {case.number}",
                "url": self.url("case_detail", case.pk),
                "badge": {"code": case.status, "label": labels(CaseStatus)[case.status]},
            }
            for case in found
        ]


def _with_fates(rows: list[ChatMessage]) -> list[tuple[ChatMessage, str]]:
    """Say of each of our messages whether it has left, in one query for all."""
    keys = {f"conversation.answered.{row.pk}.in_site": row.pk for row in rows if row.side == Side.SELLER}
    sent = OutgoingMessage.objects.filter(key__in=keys).values_list("key", "state")
    states = {keys[key]: state for key, state in sent}
    return [(row, _fate(states.get(row.pk, "waiting")) if row.side == Side.SELLER else "") for row in rows]


def _fate(state: str) -> str:
    if state == MessageState.SENT:
        return _("Sent")
    if state in (MessageState.DEAD, MessageState.SKIPPED):
        return _("Not sent")
    return _("On its way")


class ConversationDetail(ThreadPage):
    """One thread with its buyer."""

    permission = Perm.AFTERSALES_VIEW

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the page, or to the page that is open already what has come since it last asked."""
        one = self.thread_of(pk)
        if request.headers.get("HX-Target") != "thread":
            return self.answer(one)
        thread = self.thread(one)
        if request.GET.get("seen") == str(thread["seen"]):
            return HttpResponse(status=204)
        # Somebody may have left the page open and gone: what comes by itself is not read by itself.
        return render(request, "aftersales/parts/conversation.html", {"thread": thread | {"read_url": ""}})


class ConversationAnswer(ThreadPage):
    """Answer a buyer; words that are refused stay in their place."""

    permission = Perm.MESSAGES_ANSWER
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Call the verb, or show what is wrong."""
        one, form = self.thread_of(pk), AnswerForm(request.POST, auto_id="answer_%s")
        if not form.is_valid():
            return self.answer(one, form=form, status=422)
        try:
            conversations.answer(one, by=self.actor, **form.cleaned_data)
        except Refused as refused:
            form.add_error("words", str(refused.message))
        except OperationalError as error:
            if not too_busy(error):
                raise
            form.add_error("words", _("Somebody else is changing this at the very moment. Try again."))
        if form.errors:
            return self.answer(self.thread_of(pk), form=form, status=422)
        messages.success(request, _("The answer is on its way."))
        return HttpResponseRedirect(self.url("conversation_detail", pk))


class ThreadDoor(ActPage):
    """A verb on one thread of this shop."""

    abstract = True

    def find(self, **kwargs: Any) -> Conversation:
        """Return the thread of this shop, or 404."""
        found = Conversation.objects.for_shop(self.shop).select_related("shop__policy", "buyer__shop")
        return get_object_or_404(found, pk=kwargs["pk"])

    def after(self, record: Conversation) -> str:
        """Go back to the thread."""
        return self.url("conversation_detail", record.pk)


class ConversationRead(ThreadDoor):
    """Count what the buyer wrote as read."""

    permission, form_class, done = Perm.MESSAGES_ANSWER, SeenForm, gettext_lazy("The messages count as read.")

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Do it; a page that says so by itself, as somebody opens it, gets no page back."""
        if request.headers.get("HX-Request") != "true":
            return super().post(request, **kwargs)
        record, form = self.find(**kwargs), SeenForm(request.POST)
        if form.is_valid():
            self.act(record, form.cleaned_data)
        return HttpResponse(status=204)

    def act(self, record: Conversation, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        conversations.mark_read(record, seen=data["seen"], by=self.actor)
        return None


class ConversationSettle(ThreadDoor):
    """Say that the buyer waits for no answer."""

    permission, form_class, done = Perm.MESSAGES_ANSWER, SeenForm, gettext_lazy("Nobody waits for an answer any more.")

    def act(self, record: Conversation, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        conversations.settle(record, seen=data["seen"], by=self.actor)
        return None


class ConversationTag(ThreadDoor):
    """Give the buyer a tag."""

    permission, form_class, done = Perm.ORDERS_NOTE, TagForm, gettext_lazy("The tag is added.")

    def act(self, record: Conversation, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        buyers.tag(record.buyer, word=data["word"], by=self.actor)
        return None


class ConversationUntag(ThreadDoor):
    """Take a tag away from the buyer."""

    permission, form_class, done = Perm.ORDERS_NOTE, TagForm, gettext_lazy("The tag is taken away.")

    def act(self, record: Conversation, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        buyers.untag(record.buyer, word=data["word"], by=self.actor)
        return None
