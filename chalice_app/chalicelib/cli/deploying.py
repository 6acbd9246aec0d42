"""`lifecycle deploy`: the whole suite into an account.

Every value is checked before anything is packaged. Nothing is written to the account before somebody has said yes: to
the upload first, and then to each change set that was shown. `--dry-run` asks AWS for nothing at all.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chalicelib.cli.desk import Account, Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit, Stop
from chalicelib.cli.options import command, yes_option
from chalicelib.cli.progress import waiting
from chalicelib.decide import words

if TYPE_CHECKING:
    from chalicelib.deploy.choosing import Chosen
    from chalicelib.deploy.plan import Plan
    from chalicelib.deploy.stacks import Change, Stack, Stacks

LONGEST_NAME = 26
"""Of the stack: its nested one's name begins the names of functions and rules, which have 64 characters at most."""
SHOWN = 40


@command("deploy")
@click.option("--stage", required=True, metavar="NAME", help="Which file of cfn/stages/ to begin with: dev, prod, …")
@click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="A parameter; may be given several times.")
@click.option("--stack", metavar="NAME", help="The stack's name.  [default: lifecycle-STAGE]")
@click.option("--code-bucket", metavar="NAME", help="Bucket for the package.  [default: one of this account's, made]")
@click.option("--only-here", is_flag=True, help="Leave out the small stack in us-east-1: no bill, no anomalies.")
@click.option("--dry-run", is_flag=True, help="Package, check and show; asks AWS for nothing.")
@yes_option
@click.pass_obj
def deploy(
    desk: Desk,
    stage: str,
    sets: tuple[str, ...],
    stack: str | None,
    code_bucket: str | None,
    only_here: bool,
    dry_run: bool,
    yes: bool,
) -> Exit:
    """Put the suite into an account, or bring it up to date: packages, shows the change set, asks.

    What was set once with --set stays as it is. A change set that would lose the record, a bucket
    or the user pool is marked. A run that changes nothing says so.

    \b
    Examples:
      lifecycle deploy --stage dev --dry-run
      lifecycle deploy --stage dev --set AdminEmail=you@example.com
      lifecycle deploy --stage prod --set DomainName=ollama.example.com --set HostedZoneId=Z123
    """
    from chalicelib.deploy.plan import prepare

    name = _stack_name(stack or f"lifecycle-{stage}")
    plan = prepare(stage, name, sets, here_alone=only_here)
    with waiting("Packaging"):
        plan.package(_region(desk))
    _show_package(desk, plan)
    if dry_run:
        plan.check()
        desk.paper.say("Templates and parameters are right. Without --dry-run you are shown the change set next.")
        desk.paper.last_line(NOTHING_CHANGED)
        return Exit.DONE
    return _deploy(desk, plan, code_bucket, yes=yes)


def _stack_name(name: str) -> str:
    if not name[:1].isalpha() or not name.replace("-", "").isalnum() or len(name) > LONGEST_NAME:
        raise Stop(
            f'The stack cannot be named "{name}": letters, digits and -, a letter first, {LONGEST_NAME} at most '
            "(--stack NAME).",
            Exit.USAGE,
        )
    return name


def _region(desk: Desk) -> str:
    """For Chalice, which wants one even where nothing is asked; nothing of it ends up in the package."""
    import os

    return desk.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def _show_package(desk: Desk, plan: Plan) -> None:
    size, digest = plan.zip_size_and_digest()
    say = desk.paper.say
    say(f"Stack {plan.name}, stage {plan.stage}, in {_place(plan.out)}:")
    say(f"  {size / 1e6:.1f} MB of functions, sha256 {digest[:12]}")
    say(f"  {words.counted(len(plan.templates()), 'template')}: {', '.join(plan.templates())}")
    if plan.wanted:
        say("Set by this run:")
        for name, value in sorted(plan.wanted.items()):
            say(f"  {name} = {value}")
    for note in plan.notes():
        say(note)


def _place(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


# --- into the account


@dataclass(frozen=True, slots=True)
class _Run:
    desk: Desk
    account: Account
    yes: bool

    def stacks(self, region: str) -> Stacks:
        from chalicelib.deploy.stacks import Stacks

        return Stacks(self.desk.aws().formation(region), time.sleep)


def _deploy(desk: Desk, plan: Plan, code_bucket: str | None, *, yes: bool) -> Exit:
    from chalicelib.deploy.plan import HOME_OF_BILLS

    account = desk.account()
    run = _Run(desk, account, yes)
    stacks = run.stacks(account.region)
    standing = stacks.ready(plan.name)
    if standing is None or standing.is_empty:
        plan.must_fit(desk.aws().functions)
    chosen = plan.choose(standing.parameters if standing else {})
    changed = False
    given: Mapping[str, str] = {}
    if plan.us_east_1:
        there = run.stacks(HOME_OF_BILLS)
        bills = there.ready(plan.us_name)
        made_with = standing.parameters if standing else {}
        us_chosen = plan.us_choose(account.region, bills.parameters if bills else {}, made_with)
        changed, outputs = _change(
            run, there, plan.us_name, {"TemplateBody": plan.us_template()}, us_chosen, plan, bills
        )
        given = plan.given_by_us(outputs, chosen)
    url = _upload(run, plan, code_bucket)
    here, outputs = _change(
        run, stacks, plan.name, {"TemplateURL": url}, plan.with_given(chosen, given), plan, standing
    )
    for name, value in sorted(outputs.items()):
        desk.paper.say(f"{name:<22} {value}")
    if not (changed or here):
        desk.paper.last_line("It is as it should be already; nothing was changed but what was uploaded.")
        return Exit.DONE
    desk.paper.say(
        f"Next: aws s3 sync policies s3://{outputs.get('PolicyBucketName', 'POLICY_BUCKET')}/policies --exclude '*' "
        "--include '*.yaml', then `lifecycle doctor`."
    )
    return Exit.DONE


def _upload(run: _Run, plan: Plan, code_bucket: str | None) -> str:
    """Asks before the first write: the bucket and what goes into it."""
    from chalicelib.deploy import uploading

    bucket = code_bucket or uploading.bucket_name(run.account.number, run.account.region)
    s3 = run.desk.aws().s3
    place = uploading.Place(bucket, plan.stage, s3.meta.endpoint_url)
    url, objects = uploading.contents(plan.out, place)
    run.desk.confirm(f"About to upload the package to s3://{bucket}/{plan.stage}/", run.account, yes=run.yes)
    with waiting("Uploading"):
        if not code_bucket:
            uploading.make_bucket(s3, bucket, run.account.region)
        uploading.upload(s3, place, objects)
    return url


def _change(
    run: _Run,
    stacks: Stacks,
    name: str,
    template: Mapping[str, str],
    chosen: Chosen,
    plan: Plan,
    standing: Stack | None = None,
) -> tuple[bool, Mapping[str, str]]:
    """Whether something was changed, and the stack's outputs. Raises Stop when nobody agrees."""
    standing = standing or stacks.ready(name)
    with waiting(f"Asking CloudFormation what would change in {name}"):
        arn = stacks.propose(name, plan.label(run.desk.now()), template, chosen.request(), plan.tags(), standing)
    if arn is None:
        run.desk.paper.say(f"{name}: nothing to change.")
        return False, standing.outputs if standing else {}
    changes = list(stacks.changes(arn))
    _show_changes(run.desk, name, changes)
    try:
        run.desk.confirm(f"About to change the stack {name}: {_counted(changes)}", run.account, yes=run.yes)
    except Stop:
        stacks.forget(name, arn, standing)
        raise
    with waiting(f"Changing {name}"):
        made = stacks.execute(name, arn)
    return True, made.outputs


def _show_changes(desk: Desk, name: str, changes: list[Change]) -> None:
    desk.paper.say(f"{name}: {_counted(changes)}")
    serious = [change for change in changes if change.loses_state or change.action == "Remove" or change.replaces]
    for change in (serious or changes)[:SHOWN]:
        anew = {"True": ", made anew", "Conditional": ", perhaps made anew"}.get(change.replaces, "")
        text = f"  {change.action:<7} {change.path}  {change.kind}{anew}"
        desk.paper.say(
            f"{text}  LOSES WHAT IT HOLDS" if change.loses_state else text, "red" if change.loses_state else None
        )


def _counted(changes: list[Change]) -> str:
    kinds: dict[str, int] = {}
    for change in changes:
        kinds[change.action] = kinds.get(change.action, 0) + 1
    said = {"Add": "made", "Modify": "changed", "Remove": "removed", "Import": "taken over"}
    return ", ".join(f"{number} {said.get(action, action)}" for action, number in sorted(kinds.items())) or "nothing"


COMMANDS: tuple[Any, ...] = (deploy,)
