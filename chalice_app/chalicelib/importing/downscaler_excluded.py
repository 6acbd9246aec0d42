"""What kube-downscaler's annotations and settings leave alone, as entries of our ``exclude`` where these can say it.

There an exclusion ends at an instant, here with a day of the policy's zone: it is rounded up, for an exclusion that
ends too early stops what its owner wanted to run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.importing.downscaler_file import Annotated
from chalicelib.importing.model import Excluded
from chalicelib.importing.render import name_glob
from chalicelib.policy.dates import FIRST_YEAR, LAST_YEAR
from chalicelib.policy.moments import wall_time

_UNTIL_FORMS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_OF_KUBERNETES = "kube-"
"""So begin the namespaces that Kubernetes keeps to itself; no cluster of ECS is meant by them."""
_NO_SERVICE = {
    "CronJob": "a CronJob is no service: it runs at times of its own, and hours here close services.",
    "HorizontalPodAutoscaler": (
        "of a HorizontalPodAutoscaler kube-downscaler only lowers minReplicas; hours here stop the service itself."
    ),
}
_EVERY = "?*"
"""Every name, as a glob that is no lone ``*``."""


@dataclass(frozen=True, slots=True)
class Gone:
    """An exclusion: its ``name`` is a glob, and it holds before ``until`` (UTC), or for good when that is None."""

    name: str
    until: datetime | None
    reason: str
    namespace: str | None = None
    """Of a resource: its own."""
    unreadable: bool = False
    """Its end is no moment, so it never ends here."""

    def within(self, zone: ZoneInfo) -> Excluded:
        """Through the last day of the zone of which any instant is excluded."""
        return Excluded(self.name, None if self.until is None else _last_day(self.until, zone), self.reason)

    def told(self, zone: ZoneInfo, *, everywhere: bool) -> Iterator[str]:
        """Sentences where it excludes more than its original; ``everywhere``: in a policy for all clusters."""
        day = None if self.until is None else _last_day(self.until, zone)
        if self.until is not None and wall_time(zone, self.until).date() == day:
            yield (
                f"{self.reason} ends within a day of {zone.key}; exclusions here end with a day, so it is excluded "
                f"through the whole of {day}."
            )
        if self.unreadable:
            yield f"{self.reason} is no moment, and kube-downscaler would not heed it; here it is excluded for good."
        if everywhere and self.namespace is not None:
            yield (
                f"{self.reason} of {self.namespace}/{self.name}: an exclusion names no cluster, so services of that "
                "name are excluded in all of them."
            )


def gone(one: Annotated) -> Gone | None:
    """The exclusion of a resource by its name, or of all that stands in a namespace: whatever else is said of these,
    kube-downscaler leaves them alone."""
    inside = None if one.kind == "Namespace" else one.namespace
    name = _EVERY if one.kind == "Namespace" else name_glob(one.name)
    if one.keys.get("exclude", "false").lower() != "false":
        return Gone(name, None, "downscaler/exclude", inside)
    if one.keys.get("force-uptime", "false").lower() not in ("false", ""):
        return Gone(name, None, "downscaler/force-uptime", inside)
    until = one.keys.get("exclude-until", "")
    for form in _UNTIL_FORMS:
        try:
            moment = datetime.strptime(until, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        if moment.year <= FIRST_YEAR:
            return None  # over since before any day that a policy can name
        ends = moment if moment.year <= LAST_YEAR else None
        return Gone(name, ends, f"downscaler/exclude-until {until} UTC", inside)
    return Gone(name, None, f"downscaler/exclude-until {until}", inside, unreadable=True) if until else None


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """What its settings exclude: resources of these names, and namespaces whose whole name fits a regular expression.

    Its own defaults for both (kube-system, and the downscaler itself) have no counterpart here and are not added.
    """

    names: tuple[str, ...]
    namespaces: tuple[str, ...]
    only: tuple[str, ...]
    """The namespaces in which it works; none: all."""

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> LeftAlone:
        words = ("exclude-deployments", "exclude-namespaces", "namespace")
        return cls(*(listed(settings.get(word, "")) for word in words))

    @property
    def everywhere(self) -> tuple[Gone, ...]:
        """The names, for any policy that may match one of them."""
        return tuple(Gone(name_glob(name), None, f"exclude-deployments: {name}") for name in self.names)

    def takes(self, namespace: str) -> bool:
        return any(_fits(pattern, namespace) for pattern in self.namespaces)

    def why(self, one: Annotated) -> str | None:
        """Why an annotated resource or namespace counts for nothing there, or is nothing that is governed here."""
        if one.kind in _NO_SERVICE:
            return _NO_SERVICE[one.kind]
        if one.kind != "Namespace" and one.name in self.names:
            return f"exclude-deployments names it, so kube-downscaler never touches it, whatever it says ({one.name})."
        namespace = one.name if one.kind == "Namespace" else one.namespace
        if namespace is not None and self.takes(namespace):
            return f"exclude-namespaces takes {namespace}, so kube-downscaler touches nothing in it."
        if namespace is not None and self.only and namespace not in self.only:
            return f"kube-downscaler works in {', '.join(self.only)} only (--namespace), and touches nothing of it."
        return None

    @property
    def clusters(self) -> tuple[str, ...] | str:
        """The clusters of the policy for its defaults (none: all); or why there can be no such policy."""
        kept = tuple(name for name in self.only if not self.takes(name))
        lost = ", ".join(one for one in self.namespaces if not one.startswith(_OF_KUBERNETES))
        if kept or not (self.only or lost):
            return kept
        if self.only:
            return f"exclude-namespaces ({', '.join(self.namespaces)}) takes every one of its namespaces."
        return (
            f"exclude-namespaces ({lost}) cannot be said: no `match` leaves clusters out, and one without it would "
            f'close these too. Say which it is meant for, as "--namespace=dev,test" in its args, and import it again.'
        )


def listed(text: str) -> tuple[str, ...]:
    """The parts between commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _fits(pattern: str, name: str) -> bool:
    try:
        return re.fullmatch(pattern, name) is not None
    except re.error:
        return pattern == name


def _last_day(until: datetime, zone: ZoneInfo) -> date:
    return min(wall_time(zone, until - timedelta(microseconds=1)).date(), date(LAST_YEAR, 12, 31))
