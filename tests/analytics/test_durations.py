"""Percentiles from logarithmic buckets: within one per cent of those of the durations themselves."""

from __future__ import annotations

from collections import Counter
from statistics import quantiles

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from analytics.durations import ACCURACY, BUCKET_SQL, Durations, bucket, middle

LENGTHS = st.lists(st.integers(-40_000_000, 400_000_000), min_size=2, max_size=60)


@given(LENGTHS)
def test_a_percentile_lies_within_one_per_cent_of_the_exact_one(lengths: list[int]) -> None:
    counted = Durations(Counter(map(bucket, lengths)))
    cuts = quantiles(lengths, n=10, method="inclusive")
    largest = max(map(abs, lengths))
    for share, exact in ((0.1, cuts[0]), (0.5, cuts[4]), (0.9, cuts[8])):
        told = counted.percentile(share)
        assert told is not None
        # Between neighbours of opposite signs the error is that of the longer one.
        near = abs(exact) if min(lengths) > 0 else largest
        assert abs(told - exact) <= ACCURACY * near + 1


def test_buckets_tell_lengths_apart_and_keep_their_sign() -> None:
    assert [bucket(seconds) for seconds in (0, 1, -1, 3600, -3600)] == [0, 1, -1, 410, -410]
    assert (middle(0), round(middle(410)), round(middle(-410))) == (0, 3606, -3606)
    assert Durations({}).percentile(0.5) is None
    assert Durations({410: 3}).percentile(0.9) == 3606


@pytest.mark.django_db
def test_the_database_finds_the_same_buckets() -> None:
    lengths = [0, 1, -1, 2, 59, 60, 61, 3599, 3600, -86_400, 86_401, 31_536_000, 2_000_000_000]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT seconds, {BUCKET_SQL} FROM unnest(%s::int[]) AS seconds", [lengths])
        assert dict(cursor.fetchall()) == {seconds: bucket(seconds) for seconds in lengths}
