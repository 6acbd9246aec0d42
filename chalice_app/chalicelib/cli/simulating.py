"""`lifecycle simulate`: what a policy would have done over requests that were really made, in dollars and in waits.

The decisions are those of `decide`; nothing is changed, in AWS or here (but for the files of `--charts`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chalicelib.cli.assuming import Chosen, choose
from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import Exit, Stop
from chalicelib.cli.kinds import Number, OneOf
from chalicelib.cli.options import command
from chalicelib.cli.times import DURATION

if TYPE_CHECKING:
    from chalicelib.policy.model import Policy, PolicySet
    from chalicelib.simulate.compare import Study

SIMULATED = "MODE simulated: nothing was changed"
USUAL_COMPARISON = "idle=15m,30m,60m,break-even,adaptive,schedule"


@command("simulate")
@click.option("--policy", "policy_file", metavar="FILE[:NAME]", help="The policy's file; NAME where it holds several.")
@click.option("--diff", nargs=2, metavar="OLD NEW", help="Two files of one policy: what the change would do.")
@click.option("--trace", "source", metavar="FILE|cloudwatch", required=True, help="CSV, ALB access logs or cloudwatch.")
@click.option("--service", metavar="NAME", help="Whose requests, where the trace is of several; of cloudwatch always.")
@click.option("--from", "since", metavar="TIME", help="Begin, with an offset.  [default: the trace's first day]")
@click.option("--to", "until", metavar="TIME", help="End, with an offset.  [default: the trace's end]")
@click.option("--compare", metavar="LIST", help=f"For example {USUAL_COMPARISON}.")
@click.option("--price", type=Number(0.0001, 1000), metavar="USD", help="What an hour of one task costs.")
@click.option("--instance-type", metavar="TYPE", help="Take its list price, for example g5.xlarge.")
@click.option("--wait-value", type=Number(0, 10_000), metavar="USD", help="What one wait is worth.  [default: 1]")
@click.option("--boot", type=DURATION, metavar="DURATION", help="How long a boot takes.  [default: 4m]")
@click.option("--refuse", is_flag=True, help="A request to a stopped service starts nothing.")
@click.option("--probe-ollama", is_flag=True, help="Ollama is asked before a stop, as LIFECYCLE_PROBE_OLLAMA says.")
@click.option("--charts", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Write HTML and PNG.")
@click.option("--output", "--format", type=OneOf(["table", "json", "markdown"]), default="table", show_default=True)
@click.pass_obj
def simulate(
    desk: Desk,
    policy_file: str | None,
    diff: tuple[str, str] | None,
    source: str,
    service: str | None,
    since: str | None,
    until: str | None,
    compare: str | None,
    price: float | None,
    instance_type: str | None,
    wait_value: float | None,
    boot: timedelta | None,
    refuse: bool,
    probe_ollama: bool,
    charts: Path | None,
    output: str,
) -> Exit:
    """Replay a policy over past requests: hours, dollars, waits. Changes nothing.

    The policy is taken as if it were enforced. The trace is a CSV of request times (with seconds
    and service, if known), an ALB access log or a folder of them, or CloudWatch's own past.

    \b
    Examples:
      lifecycle simulate --policy policies/dev.yaml --trace requests.csv --price 1.006
      lifecycle simulate --policy dev.yaml --trace cloudwatch --service gpu-dev/chat \\
                         --compare idle=15m,30m,60m,break-even,adaptive,schedule
      lifecycle simulate --diff old.yaml new.yaml --trace requests.csv --format markdown

    \b
    JSON: {service, from, to, requests, assumptions: [sentence], really: {hours, usd} | null,
           outcomes: [{label, hours, usd, cost_usd, cold_starts, waited, waited_share, refused,
                       longest_wait_seconds, stops, stops_per_day, starts, regrets}],
           actions: [{at, kind, because, reason}]}
    """
    from chalicelib.cli import simulated
    from chalicelib.simulate.compare import Alternative, alternatives, enforced, study
    from chalicelib.simulate.tape import Sources

    if bool(policy_file) == bool(diff):
        raise click.UsageError("say which policy: either --policy FILE or --diff OLD NEW.")
    own, policies = read_policy(desk, diff[0] if diff else policy_file or "")
    chosen = choose(
        desk, own, policies, source, service, (since, until), (price, instance_type, wait_value, boot), refuse
    )
    if probe_ollama:
        chosen = replace(chosen, setting=replace(chosen.setting, sources=Sources(ollama=True)))
    others = alternatives(own, compare, chosen.assumed) if compare else ()
    if diff:
        changed, _ = read_policy(desk, diff[1])
        others = (Alternative(f"{changed.name} (new)", enforced(changed)), *others)
    found = study(chosen.setting, chosen.trace, chosen.assumed, others)
    _say(desk, found, chosen, output, diffed=diff is not None)
    if charts is not None:
        for path in simulated.write_charts(found, charts):
            desk.paper.err(f"Wrote {path}.")
    desk.paper.last_line(SIMULATED, beside_json=output != "table")
    return Exit.DONE


def _say(desk: Desk, found: Study, chosen: Chosen, output: str, *, diffed: bool) -> None:
    from chalicelib.cli import simulated

    match output:
        case "json":
            desk.paper.json(simulated.document(found, really=chosen.really))
        case "markdown":
            click.echo(simulated.markdown(found, really=chosen.really, diffed=diffed))
        case _:
            simulated.show(desk, found, really=chosen.really)


def read_policy(desk: Desk, text: str) -> tuple[Policy, PolicySet]:
    """``FILE`` or ``FILE:NAME``, enforced; with the set it stands in. Raises Stop."""
    from chalicelib.decide.words import listed
    from chalicelib.policy.loader import decode, load
    from chalicelib.policy.problems import render
    from chalicelib.simulate.compare import enforced

    path, _, name = text, "", ""
    if not Path(text).exists() and ":" in text:
        path, _, name = text.rpartition(":")
    if not Path(path).is_file():
        raise Stop(f"{path}: there is no such policy file.", Exit.USAGE)
    written = decode(Path(path).read_bytes())
    beside = {str(one): decode(one.read_bytes()) for one in sorted(Path(path).parent.glob("organisation*.y*ml"))}
    loaded = load({**beside, path: written}, today=desk.now().date())
    for problem in loaded.problems:
        if problem.is_error:
            desk.paper.err(render(problem, written if problem.file == path else None))
    mine = [one for one in loaded.policies.policies if one.source.rpartition(":")[0] == path]
    if any(problem.is_error and problem.file == path for problem in loaded.problems):
        raise Stop(f"{path} has errors: put them right first.")
    named = [one for one in mine if one.name == name] if name else mine
    if len(named) != 1:
        there = listed([one.name for one in mine]) or "no policy"
        raise Stop(f"{path} holds {there}: say which one as {path}:NAME.", Exit.USAGE)
    return enforced(named[0]), loaded.policies


COMMANDS = (simulate,)
