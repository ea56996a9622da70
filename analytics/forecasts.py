"""Orders per day ahead: a few simple methods, of which a backtest on the shop's own history chooses the best.

Pure functions over counts per day; nothing here asks the database. Holidays and campaigns are known to no method.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from statistics import fmean

from django.utils.translation import gettext_lazy as _

from sellercenter.texts import Text

WEEK, AHEAD = 7, 14
# Older days say little of the next two weeks.
MOST_DAYS = 26 * WEEK
# The least from which a method is tried, and so many forecasts of the past are compared, a week apart.
LEAST_TRAINED, TRIALS = 4 * WEEK, 12
LEAST_DAYS = LEAST_TRAINED + AHEAD
# The band holds this share of what came in the backtest; of what comes later it holds less, see ADR 0022.
BAND_SHARE = 0.9

Series = Sequence[int]
Trial = tuple[Series, Series]


@dataclass(frozen=True)
class Method:
    """A way to continue a series: its words, and a function of the past and of how many days ahead."""

    code: str
    words: Text
    run: Callable[[Series, int], list[float]]


@dataclass(frozen=True)
class Score:
    """How a method did in the backtest.

    `mase`: the mean absolute error over that of taking the same weekday a week before, in the past that the forecast
    knew; below 1 is better than that. `mape`: the mean of the errors as shares, over the days that had orders. Both are
    None where there is nothing to divide by. `mae` is in orders a day. `errors` has a tuple for each day ahead: what
    came less what was forecast.
    """

    method: Method
    mae: float
    mase: float | None
    mape: float | None
    errors: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Point:
    """One day ahead: what is expected, and the band in which nine of ten days of the backtest lay."""

    day: date
    expected: float
    low: float
    high: float


@dataclass(frozen=True)
class Forecast:
    """The days ahead by the best method, with the scores of all methods, the best first.

    `trials` forecasts of the past were compared, over a history of `days` days.
    """

    points: tuple[Point, ...]
    scores: tuple[Score, ...]
    trials: int
    days: int

    @property
    def best(self) -> Score:
        """The score of the method that was chosen."""
        return self.scores[0]

    @property
    def total(self) -> float:
        """The orders expected on all days together."""
        return sum(point.expected for point in self.points)


def forecast(first: date, counts: Series, *, ahead: int = AHEAD) -> Forecast | None:
    """Continue a series of orders per day that begins on `first`, or return None when it is too short to be judged.

    Days before the first order are left out. The best method is the one with the least MASE over a rolling origin.
    """
    after = first + timedelta(days=len(counts))
    past = _lived(counts)
    if len(past) < LEAST_DAYS or not any(past):
        return None
    trials = _trials(past, ahead)
    scores = sorted((score(method, trials) for method in METHODS), key=_badness)
    expected = scores[0].method.run(past, ahead)
    bands = [_band(scores[0].errors, day) for day in range(ahead)]
    points = tuple(
        Point(after + timedelta(days=i), value, max(0.0, value + low), value + high)
        for i, (value, (low, high)) in enumerate(zip(expected, bands, strict=True))
    )
    return Forecast(points, tuple(scores), len(trials), len(past))


def missing_days(counts: Series) -> int:
    """Return how many more days of history a forecast needs."""
    return max(0, LEAST_DAYS - len(_lived(counts)))


def _lived(counts: Series) -> Series:
    """Return the newest days, without those before the first order."""
    begun = next((i for i, count in enumerate(counts) if count), len(counts))
    return counts[max(begun, len(counts) - MOST_DAYS) :]


def _trials(past: Series, ahead: int) -> list[Trial]:
    """Cut the past at a rolling origin: what was known, and what came then; the newest first."""
    cuts = (len(past) - ahead - WEEK * back for back in range(TRIALS))
    return [(past[:cut], past[cut : cut + ahead]) for cut in cuts if cut >= LEAST_TRAINED]


def score(method: Method, trials: Sequence[Trial]) -> Score:
    """Let a method forecast what is past, from what was known before each of the trials."""
    scaled, shares, missed = [], [], []
    for known, came in trials:
        errors = [real - told for real, told in zip(came, method.run(known, len(came)), strict=True)]
        missed.append(errors)
        shares += [abs(error) / real for error, real in zip(errors, came, strict=True) if real]
        if naive := fmean(abs(one - before) for one, before in zip(known[WEEK:], known, strict=False)):
            scaled.append(fmean(map(abs, errors)) / naive)
    return Score(
        method,
        mae=fmean(abs(error) for errors in missed for error in errors),
        mase=fmean(scaled) if scaled else None,
        mape=fmean(shares) if shares else None,
        errors=tuple(zip(*missed, strict=True)),
    )


def _badness(one: Score) -> tuple[float, float]:
    return (one.mae if one.mase is None else one.mase, one.mae)


def _band(errors: Sequence[Sequence[float]], day: int) -> tuple[float, float]:
    """Return how far below and above the forecast the middle share of the errors lay, in the same week ahead."""
    week = day // WEEK * WEEK
    pooled = sorted(error for one in errors[week : week + WEEK] for error in one)
    edge = (1 - BAND_SHARE) / 2
    return min(0.0, _quantile(pooled, edge)), max(0.0, _quantile(pooled, 1 - edge))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of sorted values, with a straight line between neighbours."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def week_before(past: Series, ahead: int) -> list[float]:
    """Take the same weekday of the last week."""
    return [past[i % WEEK - WEEK] * 1.0 for i in range(ahead)]


_MEAN_WEEKS = 8


def weekday_mean(past: Series, ahead: int) -> list[float]:
    """Take the mean of the same weekday over the last weeks."""
    weeks = min(_MEAN_WEEKS, len(past) // WEEK)
    return [fmean(past[i % WEEK - WEEK * back] for back in range(1, weeks + 1)) for i in range(ahead)]


# How much of its weight the level gives up to each new day.
_LEVEL_STEPS = (0.05, 0.1, 0.2, 0.35)


def weekday_shares(past: Series, ahead: int) -> list[float]:
    """Smooth the level of the days, cleared of their weekday, and give each day ahead its weekday's share of it."""
    weeks = min(_MEAN_WEEKS, len(past) // WEEK)
    mean = fmean(past[-WEEK * weeks :])
    # By place in the week that ends with the last day; a weekday without orders has no share and is no sign of less.
    shares = [fmean(past[i - WEEK * back] for back in range(1, weeks + 1)) / mean if mean else 0.0 for i in range(WEEK)]
    behind = len(past) % WEEK
    cleared = [count / shares[(i - behind) % WEEK] for i, count in enumerate(past) if shares[(i - behind) % WEEK]] or [
        0.0
    ]
    level = min(_smoothed(cleared, step) for step in _LEVEL_STEPS)[1]
    return [level * shares[i % WEEK] for i in range(ahead)]


def _smoothed(values: Sequence[float], step: float) -> tuple[float, float]:
    """Return the sum of the errors one day ahead, and the last level, of simple exponential smoothing."""
    level, missed = fmean(values[: 2 * WEEK]), 0.0
    for value in values:
        error = value - level
        missed += abs(error)
        level += step * error
    return missed, level


# Steps of level, trend and weekdays of the smoothing below, of which those are taken that did best one day ahead.
_STEPS = tuple(product((0.05, 0.1, 0.2, 0.4), (0.0, 0.03), (0.05, 0.15)))
_DAMPED = 0.95


def holt_winters(past: Series, ahead: int) -> list[float]:
    """Smooth level, damped trend and weekdays (additive Holt-Winters)."""
    _missed, level, trend, season = min((_fitted(past, *steps) for steps in _STEPS), key=lambda fit: fit[0])
    told, damped = [], 0.0
    for i in range(ahead):
        damped += _DAMPED ** (i + 1)
        told.append(max(0.0, level + damped * trend + season[(len(past) + i) % WEEK]))
    return told


def _fitted(
    past: Series, level_step: float, trend_step: float, season_step: float
) -> tuple[float, float, float, list[float]]:
    """Return the sum of the errors one day ahead, and level, trend and weekdays after the last day."""
    level, trend, missed = fmean(past[: 2 * WEEK]), 0.0, 0.0
    season = [(past[i] + past[i + WEEK]) / 2 - level for i in range(WEEK)]
    for i, count in enumerate(past):
        place, steady = i % WEEK, level + _DAMPED * trend
        error = count - steady - season[place]
        missed += abs(error)
        level = steady + level_step * error
        trend = _DAMPED * trend + level_step * trend_step * error
        season[place] += season_step * (1 - level_step) * error
    return missed, level, trend, season


def mean_of_three(past: Series, ahead: int) -> list[float]:
    """Take the mean of the methods that look at more than one week."""
    told = (run(past, ahead) for run in (weekday_mean, weekday_shares, holt_winters))
    return [fmean(day) for day in zip(*told, strict=True)]


METHODS = (
    Method("week_before", _("the same weekday of the week before"), week_before),
    Method("weekday_mean", _("the mean of the same weekday over eight weeks"), weekday_mean),
    Method("weekday_shares", _("a smoothed level, shared out by weekday"), weekday_shares),
    Method("holt_winters", _("exponential smoothing with a damped trend and weekdays (Holt-Winters)"), holt_winters),
    Method("mean_of_three", _("the mean of weekday means, weekday shares and Holt-Winters"), mean_of_three),
)
