"""What must hold of reviews and conversations whatever has happened, as SQL that returns what is at fault."""

from __future__ import annotations

from sellercenter.invariants import Invariant

REVIEWS: list[Invariant] = [
    (
        "review_of_its_line",
        "A review is about what its line sold, in its order.",
        "SELECT review.id, review.order_id, review.product_id FROM aftersales_review review"
        " JOIN orders_orderline line ON line.id = review.line_id"
        " WHERE line.order_id IS DISTINCT FROM review.order_id OR line.product_id <> review.product_id",
    ),
    (
        "review_answered_once",
        "A review that the team answered was answered once.",
        "SELECT subject_id, count(*) FROM sellercenter_event WHERE kind = 'review.replied'"
        " GROUP BY subject_id HAVING count(*) > 1",
    ),
]

CONVERSATIONS: list[Invariant] = [
    (
        "conversation_unread",
        "No more of a thread is unread than the buyer has written.",
        "SELECT talk.id, talk.unread, count(said.id) AS written FROM aftersales_conversation talk"
        " LEFT JOIN aftersales_chatmessage said ON said.conversation_id = talk.id AND said.side = 'buyer'"
        " WHERE talk.unread > 0 GROUP BY talk.id HAVING talk.unread > count(said.id)",
    ),
    (
        "conversation_waits_for_a_message",
        "A thread whose clock runs has a message of the buyer that is no newer than the clock's end.",
        "SELECT talk.id, talk.reply_by FROM aftersales_conversation talk WHERE talk.reply_by IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM aftersales_chatmessage said WHERE said.conversation_id = talk.id"
        " AND said.side = 'buyer' AND said.at <= talk.reply_by)",
    ),
    (
        "conversation_says_its_last",
        "A thread names the time of its last message.",
        "SELECT talk.id, talk.last_at, last.at FROM aftersales_conversation talk"
        " JOIN LATERAL (SELECT max(said.at) AS at FROM aftersales_chatmessage said"
        " WHERE said.conversation_id = talk.id) last ON true WHERE talk.last_at IS DISTINCT FROM last.at",
    ),
    (
        "answer_is_told_once",
        "Each answer of the team has exactly one event, from which it leaves.",
        "SELECT said.id, count(told.id) FROM aftersales_chatmessage said LEFT JOIN sellercenter_event told"
        " ON told.subject_type = 'conversation' AND told.subject_id = said.conversation_id"
        " AND told.kind = 'conversation.answered' AND told.data->>'message' = said.id::text"
        " WHERE said.side = 'seller' GROUP BY said.id HAVING count(told.id) <> 1",
    ),
]

INVARIANTS: list[Invariant] = [*REVIEWS, *CONVERSATIONS]
