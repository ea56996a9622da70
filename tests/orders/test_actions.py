"""Verbs on orders: each succeeds with one event, refuses with nothing changed, and survives two people at once."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from orders import actions
from orders.models import Order, OrderNote
from orders.states import Abnormal, Status
from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.permissions import Perm
from tests import make
from tests.conftest import ROLES, fresh, row, told
from tests.together import at_once

pytestmark = pytest.mark.django_db


@contextmanager
def refusing(order, error, code=None):
    before = row(order), told(order), OrderNote.objects.count(), list(order.lines.values())
    with pytest.raises(error) as caught, transaction.atomic():
        yield
    if code:
        assert caught.value.code == code
    assert (row(order), told(order), OrderNote.objects.count(), list(order.lines.values())) == before


def last(order):
    return events.of(order).last()


def test_approving_passes_the_order_on_to_shipping(shop, reviewer):
    order = make.order(shop, Status.TO_REVIEW)
    actions.approve(order, by=reviewer.actor)
    stored = fresh(order)
    assert (stored.status, stored.reviewed_at, stored.updated_at) == ("to_ship", stored.status_at, stored.status_at)
    assert (last(order).kind, last(order).member) == ("order.approved", reviewer.member)


def test_approving_what_is_approved_is_refused(shop, reviewer):
    order = make.order(shop, Status.TO_SHIP)
    with refusing(order, Refused, "not_now"):
        actions.approve(order, by=reviewer.actor)


@pytest.mark.parametrize("status", [Status.UNPAID, Status.TO_REVIEW, Status.TO_SHIP])
def test_cancelling_ends_the_order_and_all_of_its_lines(shop, after_sales, status):
    order = make.order(shop, status, lines=[make.line("A"), make.line("B")])
    actions.cancel(order, reason="  sold out ", by=after_sales.actor)
    stored = fresh(order)
    assert (stored.status, stored.cancelled_by, stored.cancel_reason) == ("cancelled", "seller", "sold out")
    assert stored.cancelled_at == stored.status_at
    assert (stored.due_at, stored.due_step, stored.deadline_at) == (None, "", None)
    assert set(stored.lines.values_list("status", "cancel_reason")) == {("cancelled", "sold out")}
    assert last(order).data == {"before": status, "after": "cancelled", "reason": "sold out"}


def test_cancelling_needs_a_reason_and_an_order_that_has_not_left(shop, owner):
    order = make.order(shop, Status.TO_SHIP)
    with refusing(order, Refused, "reason_missing"):
        actions.cancel(order, reason="  ", by=owner.actor)
    for status in (Status.PART_SHIPPED, Status.SHIPPED, Status.COMPLETED, Status.CANCELLED):
        gone = make.order(shop, status)
        with refusing(gone, Refused, "not_now"):
            actions.cancel(gone, reason="late", by=owner.actor)
    held = make.order(shop, Status.TO_SHIP, held=True)
    with refusing(held, Refused, "not_now"):
        actions.cancel(held, reason="case", by=owner.actor)


def test_a_note_is_kept_with_its_author_and_counted(shop, service):
    order = make.order(shop)
    note = actions.add_note(order, body="  buyer called\n", by=service.actor)
    assert (note.body, note.author, note.author_label) == ("buyer called", service.member, "Some service")
    assert fresh(order).note_count == 1
    assert (last(order).kind, last(order).data) == ("order.noted", {"note": note.pk})


def test_the_words_of_a_note_stay_out_of_the_history(shop, service):
    order = make.order(shop)
    actions.add_note(order, body="lives at 8 Happy Road", by=service.actor)
    assert "Happy" not in str(list(events.of(order).values_list("data", flat=True)))


def test_an_empty_note_is_refused(shop, service):
    order = make.order(shop)
    with refusing(order, Refused, "note_empty"):
        actions.add_note(order, body=" \n ", by=service.actor)


def test_a_seller_note_replaces_the_text_that_its_writer_saw(shop, service):
    order = make.order(shop, seller_note="old")
    actions.write_seller_note(order, note=" new ", before="old", by=service.actor)
    assert fresh(order).seller_note == order.seller_note == "new"
    # People write names and phones there: history keeps that it changed, and by whom, not the words.
    assert (last(order).kind, last(order).data) == ("order.seller_note_written", {})


def test_a_seller_note_that_somebody_changed_meanwhile_is_not_overwritten(shop, service, reviewer):
    order = make.order(shop, seller_note="old")
    mine, theirs = fresh(order), fresh(order)
    actions.write_seller_note(theirs, note="theirs", before="old", by=reviewer.actor)
    with refusing(order, Refused, "changed_meanwhile"):
        actions.write_seller_note(mine, note="mine", before="old", by=service.actor)
    assert fresh(order).seller_note == "theirs"


def test_writing_the_same_seller_note_tells_nothing(shop, service):
    order = make.order(shop, seller_note="old")
    before = told(order)
    actions.write_seller_note(order, note="old", before="old", by=service.actor)
    assert told(order) == before


@pytest.mark.parametrize(
    ("before", "after", "words"), [(None, 5, ("", "red")), (5, 0, ("red", "grey")), (0, None, ("grey", ""))]
)
def test_a_flag_is_set_changed_and_taken_away(shop, service, before, after, words):
    order = make.order(shop, flag=before)
    actions.set_flag(order, flag=after, by=service.actor)
    assert fresh(order).flag == order.flag == after
    assert (last(order).kind, last(order).data) == ("order.flagged", {"before": words[0], "after": words[1]})
    actions.set_flag(order, flag=after, by=service.actor)
    assert told(order).count("order.flagged") == (1 if before is None else 2)


def test_a_mark_is_set_with_its_reason_changed_and_cleared(shop, service):
    order = make.order(shop)
    actions.mark_abnormal(order, kind=Abnormal.ADDRESS, reason=" no street ", by=service.actor)
    stored = fresh(order)
    assert (stored.abnormal, stored.abnormal_reason) == ("address", "no street")
    assert stored.abnormal_at is not None
    actions.mark_abnormal(order, kind=Abnormal.ADDRESS, reason="no street", by=service.actor)
    actions.mark_abnormal(order, kind=Abnormal.STOCK, reason="", by=service.actor)
    actions.clear_abnormal(order, by=service.actor)
    stored = fresh(order)
    assert (stored.abnormal, stored.abnormal_reason, stored.abnormal_at) == ("", "", None)
    assert told(order)[-3:] == ["order.marked", "order.marked", "order.unmarked"]
    with refusing(order, Refused, "not_marked"):
        actions.clear_abnormal(order, by=service.actor)


VERBS = {
    "approve": (Perm.ORDERS_REVIEW, lambda order, by: actions.approve(order, by=by)),
    "cancel": (Perm.ORDERS_CANCEL, lambda order, by: actions.cancel(order, reason="r", by=by)),
    "note": (Perm.ORDERS_NOTE, lambda order, by: actions.add_note(order, body="n", by=by)),
    "seller note": (
        Perm.ORDERS_NOTE,
        lambda order, by: actions.write_seller_note(order, note="n", before="", by=by),
    ),
    "flag": (Perm.ORDERS_NOTE, lambda order, by: actions.set_flag(order, flag=5, by=by)),
    "mark": (Perm.ORDERS_MARK, lambda order, by: actions.mark_abnormal(order, kind=Abnormal.RISK, reason="r", by=by)),
    "clear": (Perm.ORDERS_MARK, lambda order, by: actions.clear_abnormal(order, by=by)),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_asks_for_its_right(shop, cast, verb, role):
    perm, act = VERBS[verb]
    order = make.order(shop, Status.TO_REVIEW, **({"abnormal": "risk"} if verb == "clear" else {}))
    before = told(order)
    if cast[role].actor.may(perm):
        act(order, cast[role].actor)
        assert len(told(order)) == len(before) + 1
        assert last(order).member == cast[role].member
    else:
        with refusing(order, PermissionDenied):
            act(order, cast[role].actor)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_note_at_once_are_both_heard(shop, service, reviewer):
    order = make.order(shop)
    people = (service.actor, reviewer.actor)
    answers = at_once(*(lambda by=by: actions.add_note(fresh(order), body=f"by {by.label}", by=by) for by in people))
    assert answers == ["done", "done"]
    assert sorted(order.notes.values_list("body", flat=True)) == ["by Some reviewer", "by Some service"]
    assert fresh(order).note_count == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_seller_notes_at_once_one_is_kept_and_one_is_told(shop, service, reviewer):
    order = make.order(shop)
    people = (service.actor, reviewer.actor)
    answers = at_once(
        *(lambda by=by: actions.write_seller_note(fresh(order), note=by.label, before="", by=by) for by in people)
    )
    assert answers == ["changed_meanwhile", "done"]
    assert told(order).count("order.seller_note_written") == 1
    assert fresh(order).seller_note == events.of(order).last().actor_label


@pytest.mark.django_db(transaction=True)
def test_of_two_marks_at_once_the_history_tells_the_truth(shop, service, reviewer):
    order = make.order(shop)
    answers = at_once(
        lambda: actions.mark_abnormal(fresh(order), kind=Abnormal.RISK, reason="a", by=service.actor),
        lambda: actions.mark_abnormal(fresh(order), kind=Abnormal.STOCK, reason="b", by=reviewer.actor),
    )
    assert answers == ["done", "done"]
    marks = [(event.data["before"], event.data["after"]) for event in events.of(order).filter(kind="order.marked")]
    assert sorted(marks) in ([("", "risk"), ("risk", "stock")], [("", "stock"), ("stock", "risk")])
    assert Order.objects.get(pk=order.pk).abnormal in ("risk", "stock")
