"""What tests of the orders room share: a database whose clock stands still, and somebody else who uses it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from tests import make

_CLOCK = """
CREATE SCHEMA tests_clock;
CREATE FUNCTION tests_clock.statement_timestamp() RETURNS timestamptz STABLE LANGUAGE sql
    AS $$ SELECT current_setting('tests.now')::timestamptz $$;
CREATE FUNCTION tests_clock.clock_timestamp() RETURNS timestamptz STABLE LANGUAGE sql
    AS $$ SELECT current_setting('tests.now')::timestamptz $$;
SELECT set_config('search_path', 'tests_clock, public, pg_catalog', true);
"""


class Clock:
    """The database's clock in one test; times that a column takes by default keep the real one."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_CLOCK)
        self.set(make.NOW)

    def set(self, at: datetime) -> datetime:
        """Let it be this moment from now on."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('tests.now', %s, true)", [at.isoformat()])
        self.now = at
        return at

    def advance(self, span: timedelta) -> datetime:
        """Let so much time pass."""
        return self.set(self.now + span)


@pytest.fixture
def clock(db: None) -> Clock:
    """The database's clock, standing still until the test moves it; gone with the test's transaction."""
    return Clock()


@pytest.fixture
def other() -> Iterator[psycopg.Connection[Any]]:
    """Connect as somebody else; nobody waits long for a lock here."""
    settings = connection.settings_dict
    known = {"user": settings["USER"], "password": settings["PASSWORD"], "dbname": settings["NAME"]}
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    with psycopg.connect(host=settings["HOST"], port=settings["PORT"], **known) as other:
        yield other
        other.rollback()
    connection.close()
