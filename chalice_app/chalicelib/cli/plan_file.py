"""Keeps a plan in a file, and reads it back for `apply`: exactly this set, for this account and region only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.cli.exits import Exit, Fruitless

if TYPE_CHECKING:
    from chalicelib.cli.desk import Account
    from chalicelib.cli.surveying import Seen
    from chalicelib.execute.plan import Plan
    from chalicelib.execute.planfile import PlanFile


def plans_of(seen: Seen) -> tuple[Plan, ...]:
    """What can be carried out: plans of enforced policies that nothing holds back."""
    return tuple(
        one.plan
        for one in sorted(seen.survey.decided, key=lambda decided: decided.facts.id)
        if one.plan is not None and not one.held and not one.refused and not one.plan.refusal
    )


def write_plan_file(path: Path, seen: Seen, account: Account) -> None:
    from chalicelib.execute.planfile import PlanFile, to_json

    kept = PlanFile(
        made_at=seen.now,
        account=account.number,
        region=account.region,
        plans=plans_of(seen),
        policies_version=seen.survey.policies.version,
    )
    path.write_text(to_json(kept), encoding="utf-8")


def read_plan_file(path: Path, account: Account) -> PlanFile:
    """Raises PlanFileError for a file that is no plan, Fruitless for one made elsewhere."""
    from chalicelib.execute.planfile import from_json

    kept = from_json(path.read_text(encoding="utf-8"), str(path))
    if (kept.account, kept.region) != (account.number, account.region):
        raise Fruitless(
            f"{path} was made for account {kept.account}, region {kept.region}; this is {account}. Plan again here, or "
            "choose --profile and --region.",
            Exit.ERROR,
        )
    return kept
