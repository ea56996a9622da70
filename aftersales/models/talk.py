"""What the team and a buyer say to each other about an order."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales.states import Side
from orders.models import Buyer, Order
from orders.models.goods import one_of
from sellercenter.models import Member, Shop, ShopQuerySet


class Conversation(models.Model):
    """The thread of one buyer about one order, or about none."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="conversations", db_index=False)
    buyer = models.ForeignKey(Buyer, models.PROTECT, related_name="conversations")
    order = models.ForeignKey(Order, models.CASCADE, null=True, blank=True, related_name="conversations")
    buyer_nickname = models.CharField(_("buyer"), max_length=80, blank=True)
    started_at = models.DateTimeField(_("started"), db_default=Now())
    last_at = models.DateTimeField(_("last message"), db_default=Now())
    last_side = models.CharField(max_length=8, choices=Side.choices, default=Side.BUYER)
    last_words = models.CharField(max_length=120, blank=True)
    unread = models.PositiveIntegerField(_("unread"), default=0, db_default=0)
    # Until when the first message that nobody has answered must be; empty when nothing waits.
    reply_by = models.DateTimeField(_("reply by"), null=True, blank=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("conversation"), _("conversations")
        constraints = [
            models.UniqueConstraint("shop", "id", name="conversation_is_of_shop"),
            models.UniqueConstraint("shop", "buyer", "order", name="conversation_once", nulls_distinct=False),
            one_of("conversation_last_side_known", "last_side", Side.values),
        ]
        indexes = [
            models.Index("shop", F("last_at").desc(), F("id").desc(), name="conversation_newest"),
            models.Index("shop", "reply_by", "id", name="conversation_by_reply", condition=Q(reply_by__isnull=False)),
            models.Index("shop", F("last_at").desc(), name="conversation_unread", condition=Q(unread__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.buyer_nickname} {self.order_id}"


class ChatMessage(models.Model):
    """One message of a conversation; a buyer's words are data, whatever they look like."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages", db_index=False)
    # The platform's number, by which a message counts once; empty for ours.
    number = models.CharField(max_length=80, blank=True, db_collation="C")
    side = models.CharField(max_length=8, choices=Side.choices)
    member = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")
    label = models.CharField(max_length=60, blank=True)
    words = models.TextField(_("message"), max_length=2000)
    at = models.DateTimeField(db_default=Now())

    objects = ShopQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint("conversation", "number", condition=~Q(number=""), name="chat_message_number_once"),
            one_of("chat_message_side_known", "side", Side.values),
            models.CheckConstraint(name="chat_message_not_empty", condition=~Q(words="")),
        ]
        indexes = [models.Index("conversation", "at", "id", name="chat_message_of_conversation")]

    def __str__(self) -> str:
        return self.words[:40]
