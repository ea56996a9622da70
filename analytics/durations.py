"""How long things took: counts in logarithmic buckets, from which any percentile follows within one per cent.

Percentiles of days can't be added up, counts can. A duration of s seconds falls into bucket 1 + floor(ln s / ln G);
everything in a bucket is taken for its middle, which is off by (G - 1) / (G + 1) = 1 % at most. This is the sketch of
Masson, Rim and Lee (DDSketch, VLDB 2019) without its collapsing. Durations of zero seconds have bucket 0; those told
in the wrong order, so negative ones, have the bucket of their length with a minus.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

ACCURACY = 0.01
_GROWTH = (1 + ACCURACY) / (1 - ACCURACY)
_STEP = math.log(_GROWTH)
# The same in SQL, of a column of whole seconds named `seconds`.
BUCKET_SQL = (
    f"CASE WHEN seconds = 0 THEN 0 ELSE sign(seconds) * (1 + floor(ln(abs(seconds::float8)) / {_STEP!r})) END::smallint"
)


def bucket(seconds: int) -> int:
    """Return the number of the bucket of a duration."""
    if not seconds:
        return 0
    number = 1 + math.floor(math.log(abs(seconds)) / _STEP)
    return number if seconds > 0 else -number


def middle(number: int) -> float:
    """Return the seconds that stand for everything in a bucket."""
    if not number:
        return 0.0
    length = 2 * _GROWTH ** abs(number) / (_GROWTH + 1)
    return length if number > 0 else -length


@dataclass(frozen=True)
class Durations:
    """How many durations fell into which bucket."""

    counts: Mapping[int, int]

    @property
    def n(self) -> int:
        """How many durations there are."""
        return sum(self.counts.values())

    def percentile(self, share: str | float) -> int | None:
        """Return the seconds below which this share of the durations lies, within 1 %; None when there are none.

        Between two neighbouring durations it lies in proportion, as in PostgreSQL's percentile_cont.
        """
        if not self.n:
            return None
        rank = Fraction(share) * (self.n - 1)
        low, high = self._at(math.floor(rank)), self._at(math.ceil(rank))
        return round(low + (high - low) * (rank - math.floor(rank)))

    def _at(self, place: int) -> float:
        """Return the duration at a place of the sorted row, which begins at 0."""
        seen = 0
        for number in sorted(self.counts):
            seen += self.counts[number]
            if seen > place:
                return middle(number)
        raise IndexError(place)
