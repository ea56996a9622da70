"""How the team's answers leave: an answer is an event, its words are read at the moment of sending."""

from __future__ import annotations

from aftersales.models import ChatMessage
from aftersales.states import Side
from orders.notices import language_of
from sellercenter.gateways import Draft
from sellercenter.models import Channel, Event, OutgoingMessage
from sellercenter.outgoing import Buyers, Composed, Letter, Unreachable

ANSWERED = "conversation.answered"


def _by_message(event: Event) -> str:
    return f"{ANSWERED}.{event.data['message']}"


# At least once: the gateway tells a repetition by its key, which names the message.
BUYERS = Buyers({ANSWERED: Letter(ANSWERED, (Channel.IN_SITE.value,), key=_by_message)})


def compose(message: OutgoingMessage) -> Composed:
    """Return an answer as it leaves for the buyer's inbox on the platform; None when it is gone."""
    found = ChatMessage.objects.select_related("conversation__buyer").filter(
        pk=message.event.data["message"], conversation=message.subject_id, side=Side.SELLER
    )
    if (said := found.first()) is None:
        return None
    uid = said.conversation.buyer.uid
    if not uid:
        return Unreachable()
    return Draft(message.key, message.channel, uid, "", said.words, language_of(message.shop))
