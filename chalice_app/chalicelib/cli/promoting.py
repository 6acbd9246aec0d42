"""`lifecycle promote POLICY`: from dry-run to enforce, with the figures that make it an informed step.

Changes one word of a local file and nothing in AWS: the cloud never changes a policy. Refuses under 24 hours of
record without `--anyway`, a policy with errors or failing tests, and one whose conflict would leave services alone.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chalicelib.cli.book import Book, read_book
from chalicelib.cli.completing import policy_names
from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import Exit, Stop
from chalicelib.cli.options import command, yes_option
from chalicelib.cli.progress import waiting
from chalicelib.cli.render import dollars
from chalicelib.decide import words
from chalicelib.decide.tags import zone_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from chalicelib.cli.track_record import TrackRecord
    from chalicelib.decide.facts import ServiceFacts
    from chalicelib.policy.model import Policy, PolicySet

ENOUGH = timedelta(hours=24)
LOOK_BACK = timedelta(days=30)


@command("promote")
@click.argument("policy", shell_complete=policy_names)
@click.option("--anyway", is_flag=True, help="Promote with under 24 hours of record, or with none.")
@yes_option
@click.pass_obj
def promote(desk: Desk, policy: str, anyway: bool, yes: bool) -> Exit:
    """Turn POLICY from dry-run to enforce, in your local file.

    First it prints what the policy would have done: days observed, stops, regrets (used again
    within 30 minutes, as far as the record tells: use is noticed up to 15 minutes late, and then
    counted as from the earliest it can have been), conflicts with other policies, dollars. Then
    it shows the one line it will change. Comments and formatting stay; nothing in AWS changes
    until you upload the file.

    \b
    Examples:
      lifecycle promote dev-nights-off
      lifecycle promote dev-nights-off --anyway --yes
    """
    from chalicelib.cli.world import all_services
    from chalicelib.policy.loader import load

    book = read_book(desk)
    found = book.policy(policy)
    _must_be_ready(desk, book, found)
    account = desk.account()
    services = tuple(all_services(desk).values())
    record = _record(desk, found, services, anyway)
    if record is not None:
        _show_record(desk, record, zone_of(found))
    edited, path = _edited(desk, book, found)
    after_all = load(edited, today=desk.now().date()).policies
    _show_conflicts(desk, conflicts(found.name, book.loaded.policies, after_all, services))
    if record is not None and record.observed < ENOUGH and not anyway:
        raise Stop(
            f"Only {words.length(record.observed)} of record: wait until there are 24 h, or add --anyway. "
            "Is the file uploaded, and the sweep running?"
        )
    before, after = book.texts[_file(found)], edited[_file(found)]
    _show_diff(desk, path, before, after)
    desk.confirm(f"About to write {path}; the figures above are those of the account below.", account, yes=yes)
    path.write_text(after, encoding="utf-8")
    desk.paper.say(f"Wrote {path}. Nothing in AWS was changed: commit it and upload it with your other policies.")
    return Exit.DONE


def _file(policy: Policy) -> str:
    return policy.source.rpartition(":")[0]


def _must_be_ready(desk: Desk, book: Book, policy: Policy) -> None:
    """Raises Stop for a policy that is no dry-run or whose tests fail."""
    from chalicelib.decide.policytests import run_tests
    from chalicelib.policy.model import Mode

    if policy.mode is not Mode.DRY_RUN:
        hint = "" if policy.mode is Mode.ENFORCE else ": set `mode: dry-run` first and let it be observed"
        raise Stop(f"{policy.name} is in mode {policy.mode.value} already{hint}.")
    failed = [one for one in run_tests(policy, book.loaded.policies) if not one.passed]
    for one in failed:
        desk.paper.err(one.message)
    if failed:
        raise Stop(f"{words.counted(len(failed), 'test')} of {policy.name} failed: put them right first.")
    if desk.policies.startswith("s3://"):
        raise Stop("promote changes a local file: name its folder with --policies.", Exit.USAGE)


def _record(desk: Desk, policy: Policy, services: Sequence[ServiceFacts], anyway: bool) -> TrackRecord | None:
    """None where there is no table and the user goes on anyway. Raises Stop where he does not."""
    from chalicelib.cli.track_record import track_record
    from chalicelib.errors import RecordUnavailable
    from chalicelib.prices import hourly_price
    from chalicelib.record.history import History
    from chalicelib.record.policies import PoliciesInForce
    from chalicelib.record.table import Table

    table, now = Table(desk.aws().dynamodb, desk.table), desk.now()
    try:
        with waiting("Reading 30 days of history"):
            entries = list(History(table).since(now - LOOK_BACK, now))
            in_force = PoliciesInForce(table).load()
    except RecordUnavailable as missing:
        if anyway:
            desk.paper.say(f"{policy.name}: no record could be read, so nothing is known of what it would have done.")
            return None
        raise Stop(f"{missing} Deploy it and let the policy be observed for 24 h, or add --anyway.") from None
    since = in_force.since.get(policy.name) if in_force else None
    region = desk.region or desk.aws().session.region_name or ""
    prices = {facts.id: price.usd_per_hour for facts in services if (price := hourly_price(facts, region))}
    return track_record(policy, entries, now, in_force_since=since.since if since else None, prices=prices)


def _show_record(desk: Desk, record: TrackRecord, zone: ZoneInfo) -> None:
    say = desk.paper.say
    say("What it would have done, as far as the record of the last 30 days tells:", "bold")
    say(f"  observed      {record.days} days")
    services = len({one.service for one in record.stops})
    say(f"  stops         {len(record.stops)} of {words.counted(services, 'service')}")
    say(f"  regrets       {len(record.regrets)} (used again within 30 min)", "yellow" if record.regrets else None)
    for one in record.regrets[:5]:
        say(f"                {one.service} at {words.clock_with_year(one.at, zone)}: {one.reason}")
    unpriced = f" ({record.unpriced} of the stops without a known price)" if record.unpriced else ""
    say(f"  saved         {dollars(record.usd)}{unpriced}, list prices, beyond what is stopped already")


def _show_conflicts(desk: Desk, told: Sequence[str]) -> None:
    for sentence in told:
        desk.paper.say(f"  conflict      {sentence}", "yellow")
    if not told:
        desk.paper.say("  conflicts     none")


def _edited(desk: Desk, book: Book, policy: Policy) -> tuple[dict[str, str], Path]:
    """All texts with the mode changed, and the file's path. Raises Stop if anything else would change."""
    from chalicelib.cli.yaml_edit import set_mode
    from chalicelib.policy.loader import load
    from chalicelib.policy.model import Mode

    file = _file(policy)
    texts = dict(book.texts)
    texts[file] = set_mode(texts[file], policy.name, "enforce")
    loaded = load(texts, today=desk.now().date())
    tie = [problem for problem in loaded.problems if problem.is_error and problem not in book.loaded.problems]
    if tie:
        book.show_problems(desk, tie)
        raise Stop(f"{policy.name} cannot be enforced as it stands.")
    after = {one.name: one.mode for one in loaded.policies.policies}
    before = {one.name: one.mode for one in book.loaded.policies.policies}
    if after != before | {policy.name: Mode.ENFORCE}:
        raise Stop(f"{file} is written in a way that cannot be edited safely: set `mode: enforce` there by hand.")
    return texts, Path(file)


def conflicts(name: str, before: PolicySet, after: PolicySet, services: Sequence[ServiceFacts]) -> tuple[str, ...]:
    """Sentences on services that others keep, that it takes over, and that nobody would govern any more."""
    from chalicelib.decide.govern import govern, matches, nearest_miss

    mine = next(one for one in after.policies if one.name == name)
    kept: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    tied: Counter[str] = Counter()
    for facts in services:
        if not matches(mine, facts):
            continue
        was, will = govern(before, facts), govern(after, facts)
        if any(one.name == name for one in will.tied):
            tied.update(one.name for one in will.tied if one.name != name)
        elif will.ruling is not None and will.ruling.name != name:
            kept[f"{will.ruling.name} (priority {will.ruling.priority})"] += 1
        elif was.ruling is not None:
            taken[was.ruling.name] += 1
    said = [f"{who} keeps {words.counted(number, 'service')} that it matches too" for who, number in kept.items()]
    said += [f"it takes {words.counted(number, 'service')} over from {who}" for who, number in taken.items()]
    said += [
        f"{words.counted(number, 'service')} would be tied with {who} and left alone: change a priority"
        for who, number in tied.items()
    ]
    if miss := nearest_miss(mine, services):
        said.append(miss)
    return tuple(said)


def _show_diff(desk: Desk, path: Path, before: str, after: str) -> None:
    desk.paper.say()
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), fromfile=str(path), tofile=str(path), lineterm="", n=1
    )
    for line in lines:
        style = "green" if line.startswith("+") else "red" if line.startswith("-") else "dim"
        desk.paper.say(line, style)
    desk.paper.say()


COMMANDS = (promote,)
