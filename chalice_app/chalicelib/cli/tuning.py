"""`lifecycle tune SERVICE`: the idle rule that would have cost it least, as a change of the policy's YAML.

Reads the past and proposes; it writes nothing, here or in AWS.
"""

from __future__ import annotations

import difflib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import Exit, Stop
from chalicelib.cli.kinds import Number, OneOf
from chalicelib.cli.options import command
from chalicelib.cli.render import Column
from chalicelib.cli.simulated import in_dollars
from chalicelib.cli.times import DURATION
from chalicelib.decide.words import counted

if TYPE_CHECKING:
    from chalicelib.cli.assuming import Chosen
    from chalicelib.policy.model import Policy
    from chalicelib.simulate.advice import Advice, Weighed

PROPOSED = "MODE proposed: nothing was changed"
HEAD = ("IDLE RULE", "PAID", "WITH WAITS", "COLD STARTS", "WAITED", "REGRETS")


@command("tune")
@click.argument("service")
@click.option("--trace", "source", metavar="FILE|cloudwatch", default="cloudwatch", show_default=True)
@click.option("--policy", "policy_file", metavar="FILE[:NAME]", help="Instead of the policy that governs the service.")
@click.option("--from", "since", metavar="TIME", help="Begin, with an offset.  [default: 14 days ago]")
@click.option("--to", "until", metavar="TIME", help="End, with an offset.  [default: now, or the trace's end]")
@click.option("--price", type=Number(0.0001, 1000), metavar="USD", help="What an hour of one task costs.")
@click.option("--instance-type", metavar="TYPE", help="Take its list price, for example g5.xlarge.")
@click.option("--wait-value", type=Number(0, 10_000), metavar="USD", help="What one wait is worth.  [default: 1]")
@click.option("--boot", type=DURATION, metavar="DURATION", help="How long a boot takes.  [default: 4m]")
@click.option("--output", "--format", type=OneOf(["table", "json", "markdown"]), default="table", show_default=True)
@click.pass_obj
def tune(
    desk: Desk,
    service: str,
    source: str,
    policy_file: str | None,
    since: str | None,
    until: str | None,
    price: float | None,
    instance_type: str | None,
    wait_value: float | None,
    boot: timedelta | None,
    output: str,
) -> Exit:
    """Propose the idle rule that would have cost SERVICE least, as a diff of its policy. Writes nothing.

    Every candidate is replayed over the past with the real decisions; cost is what is paid and what
    the waits are worth. It is sure where both halves of the past agree.

    \b
    Examples:
      lifecycle tune gpu-dev/chat --wait-value 2
      lifecycle tune chat --trace requests.csv --policy policies/dev.yaml --price 1.006

    \b
    JSON: {service, policy, says, sure, proposed: label | null, saves_share, diff: [line],
           candidates: [{label, usd, cost_usd, cold_starts, waited, regrets, halves_usd: [usd, usd]}]}
    """
    from chalicelib.cli.assuming import choose
    from chalicelib.cli.simulating import read_policy
    from chalicelib.simulate.advice import advise

    policy, policies = read_policy(desk, policy_file or _file_of(desk, service))
    chosen = choose(
        desk, policy, policies, source, service, (since, until), (price, instance_type, wait_value, boot), False
    )
    advice = advise(chosen.setting, chosen.trace, chosen.assumed)
    diff = _diff(policy, advice, chosen.assumed.wait_usd)
    match output:
        case "json":
            desk.paper.json(_document(service, policy, advice, diff))
        case "markdown":
            click.echo(_markdown(service, advice, diff))
        case _:
            _show(desk, service, policy, advice, diff, chosen)
    desk.paper.last_line(PROPOSED, beside_json=output != "table")
    return Exit.DONE


def _file_of(desk: Desk, service: str) -> str:
    """``FILE:NAME`` of the policy that governs the service."""
    from chalicelib.cli.book import read_book
    from chalicelib.cli.world import governing_policy

    if desk.policies.startswith("s3://"):
        raise Stop("tune shows a change of a local file: name its folder with --policies.", Exit.USAGE)
    found = governing_policy(desk, read_book(desk), service)
    return f"{found.source.rpartition(':')[0]}:{found.name}"


def _diff(policy: Policy, advice: Advice, wait_usd: float) -> list[str]:
    """As `promote` shows its change; empty where nothing is proposed."""
    from chalicelib.cli.yaml_edit import set_stop_after

    if advice.proposed is None:
        return []
    path = policy.source.rpartition(":")[0]
    before = Path(path).read_text(encoding="utf-8")
    word = advice.proposed.label.removeprefix("idle ")
    was_adaptive = policy.idle is not None and isinstance(policy.idle.stop_after, str)
    if was_adaptive:  # its other keys belong to adaptive timeouts only: a person takes them out
        return [f"# {path}: write stop-after: {word}, and take out cold-start-value, min, max and prewarm"]
    after = set_stop_after(before, policy.name, word, f"{wait_usd:.2f} USD" if word == "adaptive" else None)
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), path, path, lineterm="", n=1)
    return list(lines)


def _show(desk: Desk, service: str, policy: Policy, advice: Advice, diff: list[str], chosen: Chosen) -> None:
    say, present = desk.paper.say, advice.present.outcome
    say(f"{service} under {policy.name}: {counted(present.requests, 'request')} in {present.days:.1f} days", "bold")
    say()
    columns = [Column(HEAD[0]), *(Column(title, right=True) for title in HEAD[1:])]
    desk.paper.table(columns, [_row(one, advice) for one in (advice.present, *advice.others)])
    say()
    say(advice.says)
    for line in diff:
        say(line, "green" if line.startswith("+") else "red" if line.startswith("-") else "dim")
    if diff:
        say()
    say("Assumed: " + "; ".join((*chosen.assumed.sentences(), *chosen.trace.notes)) + ".", "dim")


def _markdown(service: str, advice: Advice, diff: list[str]) -> str:
    table = [
        "| " + " | ".join(title.lower() for title in HEAD) + " |",
        "|---|" + "---:|" * (len(HEAD) - 1),
        *("| " + " | ".join(_row(one, advice)) + " |" for one in (advice.present, *advice.others)),
    ]
    shown = ["```diff", *diff, "```"] if diff else []
    return "\n".join([f"**{service}**: {advice.says}", "", *table, "", *shown])


def _row(one: Weighed, advice: Advice) -> tuple[str, ...]:
    found = one.outcome
    mark = " *" if one is advice.proposed else ""
    return (
        one.label + mark,
        in_dollars(found.usd),
        in_dollars(one.cost_usd),
        str(found.cold_starts),
        f"{found.waited} ({100 * found.waited_share:.1f} %)",
        str(found.regrets),
    )


def _document(service: str, policy: Policy, advice: Advice, diff: list[str]) -> dict[str, object]:
    return {
        "service": service,
        "policy": policy.name,
        "says": advice.says,
        "sure": advice.sure,
        "proposed": advice.proposed.label if advice.proposed else None,
        "saves_share": round(advice.saves_share, 4),
        "diff": diff,
        "candidates": [
            {
                "label": one.label,
                "usd": None if one.outcome.usd is None else round(one.outcome.usd, 2),
                "cost_usd": round(one.cost_usd, 2),
                "cold_starts": one.outcome.cold_starts,
                "waited": one.outcome.waited,
                "regrets": one.outcome.regrets,
                "halves_usd": [round(half, 2) for half in one.halves],
            }
            for one in (advice.present, *advice.others)
        ],
    }


COMMANDS = (tune,)
