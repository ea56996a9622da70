"""Which stored payment a file means by each one that it tells."""

from __future__ import annotations

from orders.facts import PaymentFacts
from orders.models import Payment
from orders.states import PaymentStatus


def known_payments(stored: list[Payment], told: list[PaymentFacts]) -> dict[int, Payment]:
    """Find the stored payment that each told one means, by its place in the file.

    The transaction number tells for certain; without one it is what has the same method, best with the same amount.
    """
    found: dict[int, Payment] = {}
    for same in (_same_number, _same_money, _same_method):
        for place, one in enumerate(told):
            if place not in found:
                free = (payment for payment in stored if payment not in found.values() and same(payment, one))
                if (payment := next(free, None)) is not None:
                    found[place] = payment
    return found


def _same_number(payment: Payment, told: PaymentFacts) -> bool:
    return bool(told.transaction_no) and payment.transaction_no == told.transaction_no


def _same_money(payment: Payment, told: PaymentFacts) -> bool:
    return payment.amount == told.amount and _same_method(payment, told)


def _same_method(payment: Payment, told: PaymentFacts) -> bool:
    other = told.transaction_no and payment.transaction_no
    return payment.status == PaymentStatus.CAPTURED and payment.method == told.method and not other
