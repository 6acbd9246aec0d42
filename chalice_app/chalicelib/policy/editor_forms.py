r"""What editors are told about the form of each kind of value: draft-07 fragments, shared as ``definitions``.

Each pattern is as narrow as the parser of the same name, as far as a regular expression reaches, and never narrower:
what a pattern refuses, the parser refuses. Sums (``200d4000h``), order (``day 20-10``) and repetition
(``mon-fri,wed``) are beyond it; ``codes.loader_only`` lists their codes. Patterns hold only what both ECMA 262 and
Python read the same. Imported by the schema alone: zones and countries are read from their packages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.policy.countries import country_codes
from chalicelib.policy.cron import MOST_FIRINGS_A_DAY
from chalicelib.policy.money import DECIMALS_OF
from chalicelib.policy.texts import COUNT_PATTERN, LONGEST_DURATION_DAYS, RATE_PATTERN, SHARE_PATTERN, zone_names
from chalicelib.policy.windows import MONTHS, WEEKDAYS

Json = dict[str, Any]

_DATE = (
    r"(?=19[7-9]|20|21)(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
)
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_OFFSET = "[+-](?:0[0-9]|1[0-4]):[0-5][0-9]"


def up_to(most: int) -> str:
    """A pattern of the whole numbers from 0 to ``most``, zeros before them included."""
    digits = str(most)
    choices = [f"[0-9]{{1,{len(digits) - 1}}}"] if len(digits) > 1 else []
    for place, digit in enumerate(digits):
        lowest = 1 if place == 0 and len(digits) > 1 else 0
        if int(digit) > lowest:
            rest = len(digits) - place - 1
            choices.append(f"{digits[:place]}[{lowest}-{int(digit) - 1}]" + (f"[0-9]{{{rest}}}" if rest else ""))
    return f"0*(?:{'|'.join([*choices, digits])})"


def _durations() -> str:
    sizes = (("d", 1), ("h", 24), ("m", 24 * 60), ("s", 24 * 3600))
    return "(?=[0-9])" + "".join(f"(?:{up_to(LONGEST_DURATION_DAYS * size)}{unit})?" for unit, size in sizes)


def _names(words: tuple[str, ...]) -> str:
    """``mon``, ``mon-fri``, ``mon,wed``."""
    one = f"(?:{'|'.join(words)})"
    return f"{one}(?:-{one})?(?:,{one}(?:-{one})?)*"


def _windows() -> str:
    weekday = f"(?:{'|'.join(WEEKDAYS)})"
    day = "0?[1-9]|[12][0-9]|3[01]"
    days = (
        "daily|last-day",
        f"(?:1st|2nd|3rd|4th|5th|last)-{weekday}",
        rf"day\s+(?:{day})(?:-(?:{day}))?",
        _names(WEEKDAYS),
    )
    of_months = rf"(?:{_names(MONTHS)}\s+)?(?:{'|'.join(days)})"
    dates = rf"{_DATE}(?:\.\.{_DATE})?"
    times = rf"all-day|{_CLOCK}-(?:{_CLOCK}|24:00)"
    range_of_one = r"(?!.*\b([a-z]{3}|[0-9:]{5})-\1(?:$|[^a-z]))"
    return rf"^{range_of_one}\s*(?:{of_months}|{dates})\s+(?:{times})\s*$"


def _crons() -> str:
    return r"^\s*(?:cron\(\s*[^\s()]+(?:\s+[^\s()]+){5}\s*\)|[0-9A-Za-z*,/#-]+(?:\s+[0-9A-Za-z*,/#-]+){4})\s*$"


def _money() -> str:
    choices = []
    for decimals in sorted(set(DECIMALS_OF.values())):
        codes = "|".join(code for code, has in DECIMALS_OF.items() if has == decimals)
        fraction = rf"(?:\.[0-9]{{1,{decimals}}})?" if decimals else ""
        choices.append(f"{fraction} (?:{codes})")
    return rf"^(?:0|[1-9][0-9]{{0,11}})(?:{'|'.join(choices)})$"


def _text(pattern: str, message: str, *examples: str) -> Json:
    return {"type": "string", "pattern": pattern, "patternErrorMessage": message, "examples": list(examples)}


def _count_or(pattern: str, message: str, *examples: object) -> Json:
    both = {"type": ["integer", "string"], "minimum": 0, "maximum": 999_999_999}
    return both | {"pattern": pattern, "patternErrorMessage": message, "examples": list(examples)}


def _zone() -> Json:
    names = sorted(name for name in zone_names() if "/" in name or name == "UTC")
    return {"type": "string", "enum": names, "examples": ["Asia/Tokyo"]}


def _country() -> Json:
    return {"type": "string", "enum": sorted(country_codes()), "examples": ["JP"]}


_MAKERS: Mapping[str, Callable[[], Json]] = {
    "duration": lambda: _text(
        f"^{_durations()}$", "write a duration as 90s, 30m, 2h, 1h30m or 3d; at most 366d", "30m", "1h30m"
    ),
    "stop-after": lambda: _text(
        f"^(?:(?!0*[0-4]m$|{up_to(299)}s$){_durations()}|adaptive)$",
        "write a duration of 5m or more, or adaptive",
        "30m",
        "adaptive",
    ),
    "date-or-range": lambda: _text(
        rf"^{_DATE}(?:\.\.{_DATE})?$", "write 2026-12-31, or 2026-12-29..2027-01-03", "2026-12-29..2027-01-03"
    ),
    "until": lambda: _text(f"^(?:{_DATE}|never)$", "write the last excluded day, or never", "2026-12-18", "never"),
    "moment": lambda: _text(
        f"^{_DATE}T{_CLOCK}(?::[0-5][0-9])?(?:Z|{_OFFSET})?$",
        "write 2026-12-31T10:00, or with an offset +09:00",
        "2026-12-31T10:00",
    ),
    "zone": _zone,
    "country": _country,
    "window": lambda: _text(
        _windows(),
        "a window is [MONTHS] DAYS TIMES in lower case, as mon-fri 08:00-20:00",
        "mon-fri 08:00-20:00",
        "last-fri 20:00-02:00",
        "daily all-day",
    ),
    "cron": lambda: _text(
        _crons(),
        f"five fields, or AWS's six in cron(...); at most {MOST_FIRINGS_A_DAY} times a day",
        "0 8 * * 1-5",
        "cron(0 8 ? * MON-FRI *)",
    ),
    "money": lambda: _text(
        _money(), "write an amount, a space and an ISO 4217 currency, with its decimals: 1.00 USD", "1.00 USD"
    ),
    "threshold": lambda: _count_or(
        f"{COUNT_PATTERN}|{SHARE_PATTERN}|{RATE_PATTERN}",
        "write 5% for gpu and cpu, 50 KiB/s for network-out, a whole number for counts",
        "5%",
        "50 KiB/s",
        0,
    ),
    "share": lambda: _text(SHARE_PATTERN, "write a share of 0% to 100%, as 5%", "5%"),
    "rate": lambda: _text(RATE_PATTERN, "write a rate in bytes per second, as 50 KiB/s", "50 KiB/s"),
    "count": lambda: _count_or(COUNT_PATTERN, "write a whole number, as 0", 0),
}


def forms() -> dict[str, Json]:
    """Every fragment by the name that ``scalars`` gives it."""
    return {name: make() for name, make in _MAKERS.items()}
