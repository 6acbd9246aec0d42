"""kube-downscaler's time definitions: ``Mon-Fri 07:30-20:30 Europe/Berlin``, absolute ranges, ``always``, ``never``.

Forms and meaning as in its README and sources (hjacobs/kube-downscaler and its successor, py-kube-downscaler, which
also fills in a zone from DEFAULT_TIMEZONE and days from DEFAULT_WEEKFRAME). A time range never crosses midnight there:
``22:00-06:00`` matches nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from chalicelib.importing.wall import MINUTE
from chalicelib.importing.zones import zone_of_any_case
from chalicelib.policy.windows import MINUTES_OF_DAY, WEEKDAYS

_ZONE = r"[a-zA-Z/_]+"
_RECURRING = re.compile(rf"([a-zA-Z]{{3}})-([a-zA-Z]{{3}}) (\d\d):(\d\d)-(\d\d):(\d\d) ({_ZONE})", re.ASCII)
_WITHOUT_DAYS = re.compile(rf"\d\d:\d\d-\d\d:\d\d {_ZONE}", re.ASCII)
_MOMENT = r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[-+]\d{2}:\d{2})"
_ABSOLUTE = re.compile(rf"{_MOMENT}-{_MOMENT}", re.ASCII)
_FORMS = (
    'write "Mon-Fri 07:30-20:30 Europe/Berlin", "2026-12-24T00:00:00+01:00-2026-12-27T00:00:00+01:00", always or '
    "never, several with commas between them"
)


class BadSpec(ValueError):
    """One definition cannot be read; the message is a sentence without its place."""


@dataclass(frozen=True, slots=True)
class Recurring:
    """On these weekdays (0 = Monday) from ``begin`` to before ``end`` (minutes of the day)."""

    text: str
    zone: ZoneInfo
    days: frozenset[int]
    begin: int
    end: int
    zone_text: str
    """The zone as it is written."""

    @property
    def never_matches(self) -> bool:
        return self.begin >= self.end


@dataclass(frozen=True, slots=True)
class Absolute:
    """From one instant to another (UTC), rounded to whole minutes."""

    text: str
    begin: datetime
    end: datetime

    @property
    def has_seconds(self) -> bool:
        """Whether ``text`` says a time between two minutes."""
        return any(second != "00" for second in re.findall(r"T\d\d:\d\d:(\d\d)", self.text))


@dataclass(frozen=True, slots=True)
class Spec:
    """A whole definition. ``always`` is True for ``always``; ``never`` has no parts."""

    text: str
    always: bool = False
    recurring: tuple[Recurring, ...] = ()
    absolute: tuple[Absolute, ...] = ()

    @property
    def never(self) -> bool:
        return not (self.always or self.recurring or self.absolute)


@dataclass(frozen=True, slots=True)
class Fillings:
    """What a definition may leave out: DEFAULT_TIMEZONE and DEFAULT_WEEKFRAME."""

    zone: str | None = None
    days: str | None = None


def read_spec(text: str, fillings: Fillings) -> Spec:
    """Raises BadSpec for what kube-downscaler could not read either."""
    word = text.strip().lower()
    if word in ("always", "never"):
        return Spec(text.strip(), always=word == "always")
    recurring, absolute = [], []
    for part in text.split(","):
        one = _part(part.strip(), fillings)
        if isinstance(one, Recurring):
            recurring.append(one)
        else:
            absolute.append(one)
    return Spec(text.strip(), recurring=tuple(recurring), absolute=tuple(absolute))


def _part(text: str, fillings: Fillings) -> Recurring | Absolute:
    match = _ABSOLUTE.fullmatch(text)
    if match is not None:
        return _absolute(text, match)
    full = text
    if re.fullmatch(r".*\d\d", full):
        if fillings.zone is None:
            raise BadSpec(
                f'"{text}" names no time zone: add one, as in "{text} Europe/Berlin", or give DEFAULT_TIMEZONE'
            )
        full = f"{full} {fillings.zone}"
    if _WITHOUT_DAYS.fullmatch(full):
        if fillings.days is None:
            raise BadSpec(f'"{text}" names no days: add them, as in "Mon-Fri {text}", or give DEFAULT_WEEKFRAME')
        full = f"{fillings.days} {full}"
    match = _RECURRING.fullmatch(full)
    if match is None:
        raise BadSpec(f'"{text}" cannot be read: {_FORMS}')
    first, last = (_weekday(match[n], text) for n in (1, 2))
    begin, end = int(match[3]) * 60 + int(match[4]), int(match[5]) * 60 + int(match[6])
    zone = zone_of_any_case(match[7])
    if zone is None:
        raise BadSpec(f'"{text}": there is no time zone {match[7]}; write one of the tz database, as Europe/Berlin')
    days = frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
    return Recurring(text, zone, days, min(begin, MINUTES_OF_DAY), min(end, MINUTES_OF_DAY), match[7])


def _weekday(name: str, text: str) -> int:
    if name.lower() not in WEEKDAYS:
        raise BadSpec(f'"{text}": there is no day {name}; write Mon, Tue, Wed, Thu, Fri, Sat or Sun')
    return WEEKDAYS.index(name.lower())


def _absolute(text: str, match: re.Match[str]) -> Absolute:
    try:
        begin, end = (datetime.fromisoformat(match[n]).astimezone(UTC) for n in (1, 2))
    except (ValueError, OverflowError):
        raise BadSpec(f'"{text}": there is no such moment on any calendar or clock') from None
    return Absolute(text, _to_minute(begin), _to_minute(end))


def _to_minute(at: datetime) -> datetime:
    return (at + MINUTE / 2).replace(second=0, microsecond=0)
