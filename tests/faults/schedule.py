"""What goes wrong, as values: episodes over some days, as Hypothesis draws them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from faults.injection import Fault
from faults.wire import WireFault
from hypothesis import strategies as st

DAY_MINUTES = 24 * 60
LONGEST_MINUTES = 60
SLACK_LASTS = 4
"""Times as long as other episodes."""
A_BREATH = timedelta(minutes=60)
"""Between two episodes: long enough to see whether the world heals."""


class Mishap(StrEnum):
    """What goes wrong beside single calls."""

    DEATHS = "processes die between two calls"
    TWO_AT_ONCE = "two controllers at once"
    SKEW = "our clock goes wrong by up to two minutes"
    EVENTS = "events dropped, doubled, delayed, reordered"
    SWEEPS_LOST = "sweeps that never come"
    SLACK_DOWN = "Slack down for hours"
    POLICY_CORRUPT = "S3 policy object corrupted"
    METRICS_GONE = "metrics that stop coming"
    NO_SPOT = "no Spot capacity"
    HOSTS_TAKEN = "Spot hosts taken back"
    RESTORED = "table restored from yesterday"


CALLS = (
    Fault.THROTTLED,
    Fault.SERVER_ERROR,
    Fault.TIMEOUT_BEFORE,
    Fault.TIMEOUT_AFTER,
    Fault.MALFORMED,
    Fault.EMPTY,
    Fault.PARTIAL,
    Fault.CONDITION_LOST,
)
WHERE = (
    "",
    "",
    "dynamodb.",
    "elbv2.",
    "ecs.",
    "cloudwatch.",
    "application-autoscaling.",
    "dynamodb.PutItem",
    "ecs.UpdateService",
)
"""What the names of broken calls begin with."""


@dataclass(frozen=True)
class Episode:
    """``after``: minutes since the last one was over (and the world had time to heal). ``share``: of the calls it
    fits, in twelfths. ``where``: see `WHERE`; every call where the fault fits none of those."""

    what: Fault | WireFault | Mishap
    after: int
    minutes: int
    share: int
    where: str
    chance: int
    """Seeds what is left to chance within it."""

    @property
    def lasts(self) -> timedelta:
        """Slack is down for hours, all else for minutes."""
        return timedelta(minutes=self.minutes) * (SLACK_LASTS if self.what is Mishap.SLACK_DOWN else 1)


@dataclass(frozen=True)
class Schedule:
    seed: int
    days: int
    episodes: tuple[Episode, ...]


A_DAY = Schedule(8, 1, (Episode(Fault.THROTTLED, 480, 10, 6, "", 3),))
"""Its faults end after the offices have opened; it ends itself when they are closed."""


def schedules(days: int, episodes_a_day: int = 4) -> st.SearchStrategy[Schedule]:
    """``days`` days each; about so many episodes a day, if they find room."""
    most = days * episodes_a_day
    one = st.builds(
        Episode,
        what=st.sampled_from([*CALLS, *WireFault, *Mishap]),
        after=st.integers(0, DAY_MINUTES // episodes_a_day),
        minutes=st.integers(5, LONGEST_MINUTES),
        share=st.integers(1, 10),
        where=st.sampled_from(WHERE),
        chance=st.integers(0, 2**16),
    )
    episodes = st.lists(one, min_size=most // 2, max_size=most).map(tuple)
    return st.builds(Schedule, seed=st.integers(0, 2**16), days=st.just(days), episodes=episodes)
