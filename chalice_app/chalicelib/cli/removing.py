"""`lifecycle remove`: takes the suite out of an account, and says what stays and what it leaves asleep.

Refuses while launched models would go on costing, or while services stand in the stack's own cluster. What holds
people's state stays, unless `--purge` says otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit, Stop
from chalicelib.cli.options import command, yes_option
from chalicelib.cli.progress import waiting
from chalicelib.decide import words

if TYPE_CHECKING:
    from chalicelib.deploy.removing import Holdings, Launched, Thing
    from chalicelib.deploy.stacks import Stacks
    from chalicelib.record.table import Table
    from chalicelib.runtime.clients import Clients

MOST = 50
"""What is deleted for good, or left asleep, is named and not counted."""


@command("remove")
@click.option("--stage", required=True, metavar="NAME", help="The stage that was deployed.")
@click.option("--stack", metavar="NAME", help="The stack's name.  [default: lifecycle-STAGE]")
@click.option("--purge", is_flag=True, help="Launched models, record, buckets, people and the package go too.")
@yes_option
@click.pass_obj
def remove(desk: Desk, stage: str, stack: str | None, purge: bool, yes: bool) -> Exit:
    """Take the suite out of an account. The record, the buckets and the user pool stay, and are named.

    Models that people launched have to be removed first, or --purge removes them. Services that
    the suite has stopped stay stopped: they are named, so that you can start them before.

    \b
    Examples:
      lifecycle remove --stage dev
      lifecycle remove --stage dev --purge
    """
    name = stack or f"lifecycle-{stage}"
    account = desk.account()
    removal = _look(desk, name, account.region)
    if not purge:
        must_not_go_on_costing(removal.launched)
    desk.confirm(_what_happens(removal, purge=purge), account, yes=yes)
    with waiting(f"Removing {name}"):
        _remove(desk, removal, account.region, purge=purge)
    if purge:
        _purge(desk, removal, account.number, account.region, stage)
        desk.paper.say(f"{name} is gone, and all that it kept.")
    else:
        desk.paper.say(
            f"{name} is gone. Kept: {words.listed([str(one) for one in removal.kept], most=MOST) or 'nothing'}."
        )
    return Exit.DONE


@dataclass(frozen=True, slots=True)
class _Removal:
    """The stacks by region, with what each holds; ``asleep``: services that nobody will start any more."""

    stacks: tuple[tuple[Stacks, str, Holdings], ...]
    table: Table | None
    launched: Launched
    asleep: tuple[str, ...]

    @property
    def kept(self) -> list[Thing]:
        return [one for _, _, holds in self.stacks for one in holds.kept]


def _look(desk: Desk, name: str, region: str) -> _Removal:
    from chalicelib.deploy.plan import HOME_OF_BILLS
    from chalicelib.deploy.removing import CLUSTER, foreign_services, holdings
    from chalicelib.deploy.stacks import Stacks

    clients = desk.aws()
    found = []
    with waiting("Looking at what is there"):
        for where, one in ((region, name), (HOME_OF_BILLS, f"{name}-us-east-1")):
            stacks = Stacks(clients.formation(where), time.sleep)
            if stacks.find(one) is not None:
                found.append((stacks, one, holdings(stacks, one)))
    if not found:
        raise Stop(f"There is no stack {name} in {region}: --stack names another. {NOTHING_CHANGED}")
    whole = found[0][2]
    table, launched, asleep = _of_the_application(clients, whole)
    ours = frozenset(str(one.service) for one in launched.instances)
    if others := list(foreign_services(clients.ecs, whole.of(CLUSTER), ours)):
        raise Stop(
            f"The stack's own cluster still holds {words.listed(others)}: move or delete them first, or the cluster "
            "cannot be deleted."
        )
    return _Removal(tuple(found), table, launched, asleep)


def _of_the_application(clients: Clients, holds: Holdings) -> tuple[Table | None, Launched, tuple[str, ...]]:
    """What only the record knows: launched models, and services that are asleep by our hand."""
    from chalicelib.deploy.removing import Launched
    from chalicelib.fleet.instances import Instances
    from chalicelib.record.states import States
    from chalicelib.record.table import Table

    row, sweep = holds.at("App/LifecycleTable"), holds.at("App/Sweep")
    if row is None or sweep is None:
        return None, Launched((), {}), ()
    table = Table(clients.dynamodb, row.id)
    told = clients.functions.get_function_configuration(FunctionName=sweep.id)
    environment = told.get("Environment", {}).get("Variables", {})
    asleep = sorted(str(service) for service, memory in States(table).all().items() if memory.saved_size is not None)
    return table, Launched(Instances(table).all(), environment), tuple(asleep)


def must_not_go_on_costing(launched: Launched) -> None:
    """Raises Stop while there is something that only `--purge` takes away."""
    if launched.instances:
        models = words.counted(len(launched.instances), "launched model")
        raise Stop(
            f"{models} would go on costing: {words.listed([one.id for one in launched.instances])}. Remove them over "
            f"the API first, or take them away with --purge. {NOTHING_CHANGED}"
        )


def _what_happens(removal: _Removal, *, purge: bool) -> str:
    lines = [f"About to delete {words.listed([name for _, name, _ in removal.stacks])}."]
    if removal.asleep:
        lines.append(
            f"{words.counted(len(removal.asleep), 'service')} that the suite has stopped would stay stopped: "
            f"{words.listed(removal.asleep, most=MOST)}. `lifecycle start` gives each back before."
        )
    kept = [str(one) for one in removal.kept]
    if purge:
        models = [one.id for one in removal.launched.instances]
        lines.append(f"FOR GOOD: {words.listed([*models, *kept], most=MOST) or 'nothing else'}.")
    else:
        lines.append(f"It keeps {words.listed(kept, most=MOST) or 'nothing'}.")
    return "\n".join(lines)


def _remove(desk: Desk, removal: _Removal, region: str, *, purge: bool) -> None:
    from chalicelib.deploy import removing

    clients = desk.aws()
    if purge and removal.table is not None:
        shop = removing.workshop_of(removal.launched, clients, removal.table, region)
        if shop is not None:
            removing.unmake(removal.launched.instances, shop)
    for stacks, name, holds in removal.stacks:
        removing.unprotect_hosts(clients.autoscaling, holds.of(removing.GROUP))
        for bucket in holds.emptied():
            removing.empty_bucket(clients.s3, bucket.id)
        stacks.delete(name)


def _purge(desk: Desk, removal: _Removal, number: str, region: str, stage: str) -> None:
    """Goes on past what cannot be deleted. Raises Stop that names it: no stack leads to it any more."""
    from botocore.exceptions import ClientError

    from chalicelib.deploy import removing, uploading

    clients = desk.aws()
    left = []
    for one in removal.kept:
        try:
            removing.destroy(one, clients)
        except ClientError as error:
            left.append(f"{one} ({error.response.get('Error', {}).get('Message', error)})")
    _purge_package(clients, uploading.bucket_name(number, region), stage)
    if left:
        raise Stop(f"The stacks are gone, but AWS keeps {words.listed(left, most=MOST)}: delete it by hand.")


def _purge_package(clients: Clients, bucket: str, stage: str) -> None:
    """The stage's part of the bucket that `deploy` made; the bucket itself when nothing else is in it."""
    from botocore.exceptions import ClientError

    from chalicelib.deploy.removing import empty_bucket

    try:
        empty_bucket(clients.s3, bucket, f"{stage}/")
        if not clients.s3.list_objects_v2(Bucket=bucket, MaxKeys=1).get("KeyCount"):
            clients.s3.delete_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "NoSuchBucket":
            raise


COMMANDS: Sequence[click.Command] = (remove,)
