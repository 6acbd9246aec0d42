"""The durations that the rules use and that no policy can change, each with its reason.

Everything a policy may set stands in the policy. What stands here bounds what is knowable (late metrics) or how
often an open question is asked again (every look costs CloudWatch requests).
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.decide.readings import SignalName

TRUST_DELAY = timedelta(minutes=2)
"""The newest two minutes are never taken for quiet: CloudWatch's one-minute metrics arrive late."""

CLOSED_QUIET = timedelta(minutes=5)
"""Out of hours a service is in use when it was used in the last five trusted minutes."""

UNKNOWN_RECHECK = timedelta(minutes=5)
"""A signal that should be there and is not is asked for again after this long."""

IN_FLIGHT_RECHECK = timedelta(minutes=5)
"""While a request runs that only a probe sees, the probe is asked this often: nothing else tells that it ended."""

NO_PRIMARY_RECHECK = timedelta(minutes=30)
"""A service that has no signal of requests at all is asked again this seldom: only a change of the service, which is
an event, can give it one."""

ACT_RECHECK = timedelta(minutes=10)
"""A decision that calls for an action is weighed again after this long, for when nobody carried it out (dry-run, a
limit, a refusal): an idle service may be used again at any moment, and use sends no event."""

HORIZON = timedelta(days=1)
"""Nothing is left unlooked at for longer than this."""

FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=1)
"""A start that failed is tried again after 5, 10, 20, 40 and then every 60 minutes."""

NEW_VERSION_BOUND = timedelta(hours=1)
"""Within this long of a policy version's coming into force, all its stops count towards ``stops-per-hour``."""

LONG_WINDOW = timedelta(hours=5)
"""Longer windows are read in five-minute periods: a GetMetricData call holds 100,800 points. Longer than the
longest timeout that is learned (4 h, unless a policy says otherwise) with the warm-up before it: in five-minute periods
short gaps would not be seen, and a gap that began before the window would be given up."""

SHORT_PERIOD_SECONDS = 60
LONG_PERIOD_SECONDS = 300

PROBES = frozenset({SignalName.LEASES, SignalName.OLLAMA_PS, SignalName.TASK_PROTECTION})
"""Signals that see a request in flight. They are asked just before a stop, and for as long as they see one."""

PRIMARIES = frozenset({SignalName.LEASES, SignalName.OLLAMA_PS, SignalName.REQUESTS})
"""Signals whose quiet can prove idleness. Task protection is not one of them: a service that never protects its
tasks would always look idle. It can only show use, as GPU, CPU and network do."""
