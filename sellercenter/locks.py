"""What happens when two transactions want the same rows: one of them waits, and may lose."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

P = ParamSpec("P")
T = TypeVar("T")
# The database chose this transaction to give way; nothing of it was kept, and a second try may well succeed.
_GAVE_WAY = (DeadlockDetected, SerializationFailure)


def gave_way(error: OperationalError) -> bool:
    """Say whether the database rolled a transaction back so that another one could go on."""
    return isinstance(error.__cause__, _GAVE_WAY)


def too_busy(error: OperationalError) -> bool:
    """Say whether rows were not to be had because somebody else was changing them."""
    return gave_way(error) or isinstance(error.__cause__, LockNotAvailable)


def once_more(verb: Callable[P, T]) -> Callable[P, T]:
    """Repeat a verb once that had to give way.

    Inside of a transaction it is not repeated, because all of that transaction is lost. Decorate outside of `atomic`.
    """

    @wraps(verb)
    def twice(*args: P.args, **kwargs: P.kwargs) -> T:
        alone = not transaction.get_connection().in_atomic_block
        try:
            return verb(*args, **kwargs)
        except OperationalError as error:
            if not alone or not gave_way(error):
                raise
        return verb(*args, **kwargs)

    return twice
