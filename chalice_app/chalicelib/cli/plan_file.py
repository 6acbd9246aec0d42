"""Keeps a plan in a file, for `apply`: exactly this set, for this account and region only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.cli.exits import Stop

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


def must_be_for(account: Account, kept: PlanFile, path: Path) -> None:
    """Raises Stop for a plan that was made elsewhere."""
    if (kept.account, kept.region) != (account.number, account.region):
        raise Stop(
            f"{path} was made for account {kept.account}, region {kept.region}; this is {account}. Plan again here, or "
            "choose --profile and --region."
        )
