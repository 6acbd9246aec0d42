"""Notices of launched instances under the policy that rules them, by which they find its channel. Writes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.decide.govern import govern
from chalicelib.errors import LifecycleError

if TYPE_CHECKING:
    from chalicelib.decide.facts import ServiceFacts
    from chalicelib.fleet.model import Instance
    from chalicelib.fleet.wishes import Wishes
    from chalicelib.notify.notice import Notice


def addressed(notice: Notice, row: Instance, facts: ServiceFacts | None, wishes: Wishes) -> Notice:
    """``facts`` None: its service is gone or cannot be read, and the policy it was launched under stands for it."""
    if facts is None:
        return replace(notice, policy=row.schedule_policy)
    try:
        ruling = govern(wishes.policies(), facts).ruling
    except LifecycleError:  # no policies to be read: the deployment's own channel hears it
        return notice
    return replace(notice, policy=ruling.name) if ruling else notice
