"""What we take Cloud Custodian to mean, beside Custodian itself: random tags and filters, asked of its own code.

The proof of an import compares our policy with our reading of the original; this compares that reading with the
original. Made up are spellings (lists, wraps, escapes, quotes, spaces, free text, wrong hours and days), zones,
fallbacks, skip-days and flags, over two weeks around changes of the clock. Custodian runs in an environment of its own.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

from chalicelib.importing.custodian_file import Filter, read  # noqa: E402
from chalicelib.importing.custodian_original import Custodian  # noqa: E402
from chalicelib.importing.custodian_schedule import Untimed, scheduled  # noqa: E402
from chalicelib.importing.model import Wish  # noqa: E402
from chalicelib.importing.trees import Source  # noqa: E402
from custodian_bench import REQUIREMENT  # noqa: E402
from goals import Goal, Result  # noqa: E402
from support.own_venv import NotInstallable, interpreter  # noqa: E402

TITLE = "Our reading of Cloud Custodian beside Custodian"
CASES, HALVES, SEED = 1_000, 14 * 48, 20261121
STARTS = ("2026-10-24", "2027-03-06", "2027-03-27", "2026-12-20")
ZONES = (
    "pt",
    "ET",
    "utc",
    "Europe/Berlin",
    "australia/sydney",
    "asia/ho_chi_minh",
    "us/eastern",
    "ist",
    "evt",
    "etc/gmt+5",
)
DEFAULT_ZONES = ("pt", "et", "utc", "Europe/Berlin", "Asia/Tokyo", "America/New_York")


def measure() -> Result:
    try:
        python = interpreter("custodian", REQUIREMENT)
    except NotInstallable as error:
        return Result(title=TITLE, notes=[f"skipped: {REQUIREMENT} cannot be installed here: {error}"])
    dice = random.Random(SEED)
    cases = [_case(dice) for _ in range(CASES)]
    script = Path(__file__).with_name("custodian_acts.py")
    done = subprocess.run(
        [str(python), str(script)], input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    theirs: list[str] = json.loads(done.stdout)
    unlike = [case for case, bits in zip(cases, theirs, strict=True) if bits != _ours(case)]
    acting = sum("1" in bits for bits in theirs)
    return Result(
        title=TITLE,
        rows=[
            {
                "cases": len(cases),
                "that ever act": acting,
                "half hours asked": CASES * HALVES,
                "cases unlike": len(unlike),
            }
        ],
        goals=[Goal("random tags and filters read unlike Custodian itself", "0", str(len(unlike)), not unlike)],
        notes=[f"{REQUIREMENT}, seed {SEED}.", *(json.dumps(case) for case in unlike[:10])],
    )


def _ours(case: dict[str, Any]) -> str:
    one = _filter(case)
    value = case["tag"] if case["tag"] is not None else one.fallback or ("" if one.opt_out else None)
    nothing = "0" * HALVES
    schedule = Untimed("") if value is None else scheduled(value, one.defaults)
    if isinstance(schedule, Untimed) or not schedule.acts:
        return nothing
    original = Custodian(schedule.zone, {one.kind: schedule.acts}, {one.kind: one.skipped})
    start = datetime.fromisoformat(case["start"])
    wishes = original.wishes(start, HALVES * 30)[15::30]
    acts = Wish.STOPPED if one.kind == "off" else Wish.RUNNING
    return "".join("1" if wish == acts else "0" for wish in wishes)


def _filter(case: dict[str, Any]) -> Filter:
    policy = {"name": "one", "resource": "ecs-service", "filters": [case["config"]]}
    [found] = read([Source("policies.json", json.dumps({"policies": [policy]}))], None).filters
    return found


def _case(dice: random.Random) -> dict[str, Any]:
    kind = dice.choice(("off", "on"))
    config: dict[str, Any] = {
        "type": f"{kind}hour",
        "default_tz": dice.choice(DEFAULT_ZONES),
        f"{kind}hour": dice.randrange(24),
    }
    config |= {key: dice.random() < 0.5 for key in ("weekends", "weekends-only", "opt-out") if dice.random() < 0.3}
    start = date.fromisoformat(dice.choice(STARTS))
    if dice.random() < 0.2:
        config["fallback-schedule"] = _tag(dice) or "on"
    if dice.random() < 0.3:
        config["skip-days"] = [str(start + timedelta(days=dice.randrange(14))) for _ in range(3)]
    begin = datetime(start.year, start.month, start.day, tzinfo=UTC)
    return {"kind": kind, "config": config, "tag": _tag(dice), "start": begin.isoformat(), "halves": HALVES}


def _tag(dice: random.Random) -> str | None:
    if dice.random() < 0.2:
        return dice.choice(("", "on", "off", "ON", "Off", "some words", None))
    parts = []
    for key in dice.sample(("off", "on", "tz"), dice.choice((1, 2, 3, 3))):
        parts.append(f"{key}={dice.choice(ZONES) if key == 'tz' else _spec(dice)}")
    if dice.random() < 0.05:
        parts.append("zebra=(m,1)")
    text = dice.choice((";", ";", ";", "; ", " ;", " ")).join(parts)
    text = dice.choice((text, text, text, f"{text};", f";{text}", f'"{text}"', f"'{text}'", f"Offhours {text}"))
    if dice.random() < 0.2:
        for mark in "()[],;=/-":
            text = text.replace(mark, f"u{ord(mark):x}")
    return text


def _spec(dice: random.Random) -> str:
    groups = ",".join(f"({_days(dice)},{_hour(dice)})" for _ in range(dice.choice((1, 1, 2, 3))))
    return dice.choice((groups, groups, f"[{groups}]", f"[{groups}", groups.strip("(")))


def _days(dice: random.Random) -> str:
    day = "mtwhfsuMTWHFSU"
    return dice.choice(
        (dice.choice(day), f"{dice.choice(day)}-{dice.choice(day)}", "M-F", "m-f", "mon-fri", "x-f", "m-w-f", "")
    )


def _hour(dice: random.Random) -> str:
    return str(dice.choice((*range(24), *range(24), 24, 99, "07", "7.5", "", " 9")))


if __name__ == "__main__":
    from goals import as_markdown

    print(as_markdown(measure()))
