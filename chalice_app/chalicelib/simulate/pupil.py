"""What the controller would have learned of the simulated service, look by look, by the same `learn`.

As live, use is known by the minutes in which the load balancer counted requests. Looks that are left out while it is
in use are made up for: all uses since the last look are handed on with the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.decide.adaptive import LEAST_SHARE
from chalicelib.decide.decision import Decision
from chalicelib.decide.facts import ActionKind, Observation, SignalName
from chalicelib.decide.learned import UNLEARNED, Use
from chalicelib.decide.lessons import Watched, learn
from chalicelib.decide.patience import LEAST, LONGEST, is_adaptive
from chalicelib.policy.sections.idle import Idle as IdleSection
from chalicelib.simulate.service import instant

SETTLED_GAPS = 300
"""From so many on a look that is left out changes no timeout to speak of: older gaps than 200 hardly weigh."""


class Pupil:
    """Learns only under a policy with an adaptive timeout."""

    def __init__(self, section: IdleSection | None) -> None:
        self._section = section if is_adaptive(section) else None
        self.learned = UNLEARNED

    @property
    def needs_every_look(self) -> bool:
        """A look decides by what the looks before it taught; that of a few gaps more counts while there are few."""
        return self._section is not None and self.learned.gaps.seen < SETTLED_GAPS

    def look(
        self,
        seen: Observation,
        decision: Decision,
        acted: ActionKind | None,
        uses: Sequence[tuple[float, float]],
        now: datetime,
    ) -> None:
        """After one look; ``uses`` are the stretches of minutes with requests since the last one."""
        if self._section is not None:
            self.learned = learn(seen, decision, self._section, acted, self._watched(seen, uses), now)

    def _watched(self, seen: Observation, uses: Sequence[tuple[float, float]]) -> Watched | None:
        reading = seen.signals.get(SignalName.REQUESTS)
        if reading is None or reading.healthy is False:
            return None
        since, until = self.learned.known_until or reading.covers_from, reading.covers_to
        return Watched([Use(instant(begin), instant(end)) for begin, end in uses], min(since, until), until)


def least_patience(section: IdleSection, usd_per_hour: float | None) -> float:
    """No timeout of this section is shorter, in seconds, whatever is learned meanwhile."""
    if not isinstance(section.stop_after, str):
        return section.stop_after.total_seconds()
    longest = (section.max or LONGEST).total_seconds()
    least = section.min.total_seconds() if section.min is not None else min(LEAST.total_seconds(), longest)
    value = section.cold_start_value
    if usd_per_hour is None or value is None or value.currency != "USD":
        return least
    break_even = float(value.amount) / usd_per_hour * 3600
    return min(max(least, LEAST_SHARE * break_even), longest)
