"""Every watch sees what it is there to see: for each invariant a broken house that violates it.

Without these their silence over a thousand days would prove nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from chalicelib.decide.facts import ServiceId
from chalicelib.errors import Locked
from chalicelib.notify.slack.showing import SlackCarrier
from chalicelib.runtime.compose import App
from faults.fleet import SPOT
from faults.invariants import Invariant
from faults.people import ADA, BEN
from faults.play import play
from faults.schedule import A_DAY
from faults.town import Town, town
from faults.truth import Truth
from faults.visits import Visits

Breach = Callable[[Town, pytest.MonkeyPatch], object]
NOON = timedelta(hours=12)


@pytest.fixture(scope="module")
def here() -> Iterator[Town]:
    with town(0, short=True) as made:
        made.sweep()
        made.go_to(made.clock.true + NOON)
        for truth in made.truths.values():
            truth.turned_on_by_hand()
        made.go_to(made.clock.true + timedelta(hours=1))
        made.sweep(full=True)
        yield made


def named(here: Town, name: str) -> Truth:
    return next(one for one in here.truths.values() if one.blueprint.name == name)


def asks_aws(here: Town, *names: str, count: int = 0, **more: Any) -> None:
    """A house that takes no lock, looks at nothing and saves nothing."""

    def act(app: App) -> None:
        for id in (named(here, name).blueprint.id for name in names):
            app.clients.ecs.update_service(cluster=id.cluster, service=id.name, desiredCount=count, **more)

    for truth in (named(here, name) for name in names):
        if count == 0 and not truth.fake.running:
            truth.turned_on_by_hand()
            truth.fake.set_desired(0)
            truth.fake.set_desired(truth.blueprint.size, started=here.clock.true - NOON)
    here.run(act)


def in_use(here: Town, name: str) -> str:
    named(here, name).use.at = lambda moment: True  # type: ignore[method-assign]
    return name


def stops_what_streams(here: Town, _: object) -> None:
    asks_aws(here, in_use(here, "dev-stream"))


def stops_without_metrics(here: Town, _: object) -> None:
    named(here, "dev-chat").blind_since = here.clock.true - NOON
    asks_aws(here, "dev-chat")


def stops_what_is_kept(here: Town, _: object) -> None:
    named(here, "asked-sized").keep_until = here.clock.true + NOON
    asks_aws(here, "asked-sized")


def moves_what_is_used(here: Town, _: object) -> None:
    strategy = [{"capacityProvider": SPOT, "base": 0, "weight": 1}]
    truth = named(here, in_use(here, "spot-chat"))
    truth.fake.set_desired(2, started=here.clock.true - NOON)
    asks_aws(here, "spot-chat", count=2, capacityProviderStrategy=strategy, forceNewDeployment=True)


def forgets_the_size(here: Town, _: object) -> None:
    asks_aws(here, "dev-sized")


def gives_back_too_little(here: Town, _: object) -> None:
    truth = named(here, "dev-sized")
    truth.fake.set_desired(0)
    truth.taken, truth.size = True, truth.blueprint.size
    asks_aws(here, "dev-sized", count=1)


def keeps_no_history(here: Town, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("chalicelib.record.history.History.append", lambda self, entry: False)
    here.verdicts.violations += play(A_DAY, short=True).violations


def changes_an_outcome(here: Town, _: object) -> None:
    visits = Visits(here, 0)
    while not (buttons := visits.slack.buttons()):
        here.go_to(here.clock.true + timedelta(minutes=5))
        here.sweep(full=True)
    visits.slack.click(ADA, "deny", buttons[-1])
    visits.slack.work()
    (key,) = [sk for sk, item in here.aws.rows.rows["CONTROL"].items() if buttons[-1].partition(":")[0] in str(item)]
    row = here.aws.rows.rows["CONTROL"][key]
    here.aws.rows.rows["CONTROL"][key] = {**row, "asked_state": {"S": "approved"}}
    here.run(lambda app: None)


def does_too_much_at_once(here: Town, _: object) -> None:
    asks_aws(here, *(truth.blueprint.name for truth in here.truths.values() if truth.owner is None))


def launched(here: Town) -> Truth:
    visits = Visits(here, 0)
    if not any(truth.owner is ADA for truth in here.truths.values()):
        visits.launch(ADA)
    return next(truth for truth in here.truths.values() if truth.owner is ADA)


def makes_two_of_one_start(here: Town, _: object) -> None:
    instance = launched(here).blueprint.name.removeprefix("ollama-")
    rows = here.aws.rows.rows["INSTANCE"]
    rows["inst-twice"] = {**rows[instance], "sk": {"S": "inst-twice"}}
    here.parts.compare()
    del rows["inst-twice"]


def forgets_an_instance(here: Town, _: object) -> None:
    instance = launched(here).blueprint.name.removeprefix("ollama-")
    row = here.aws.rows.rows["INSTANCE"].pop(instance)
    here.parts.compare()
    here.aws.rows.rows["INSTANCE"][instance] = row


def tells_nobody(here: Town, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SlackCarrier, "tell", lambda self, where, notices, id, now: None)
    says_something(here)


def tells_twice(here: Town, patch: pytest.MonkeyPatch) -> None:
    tell = SlackCarrier.tell

    def twice(self: SlackCarrier, where: str, notices: Any, id: str, now: datetime) -> None:
        tell(self, where, notices, id, now)
        tell(self, where, notices, id, now)

    patch.setattr(SlackCarrier, "tell", twice)
    says_something(here)


def says_something(here: Town) -> None:
    here.go_to(here.clock.true + NOON)
    here.sweep(full=True)


def shows_everything(here: Town, patch: pytest.MonkeyPatch) -> None:
    launched(here)
    patch.setattr("chalicelib.fleet.people.Caller.may_see", lambda self, owner: True)
    Visits(here, 0).api.call(BEN, "GET", "/api/instances")


def lets_everybody(here: Town, patch: pytest.MonkeyPatch) -> None:
    truth = launched(here)
    for may in ("may_see", "may_change"):
        patch.setattr(f"chalicelib.fleet.people.Caller.{may}", lambda self, owner: True)
    patch.setattr("chalicelib.fleet.wishes.Wishes.owns", lambda self, facts, policy, caller: True)
    Visits(here, 0).ask(BEN, "keep", truth)


def has_a_mistake(here: Town, patch: pytest.MonkeyPatch) -> None:
    def sweep(*_: object, **__: object) -> None:
        raise KeyError("a mistake")

    patch.setattr("chalicelib.controller.controller.Controller.sweep", sweep)
    here.sweep()


def never_acts(here: Town, patch: pytest.MonkeyPatch) -> None:
    def lock(self: object, service: ServiceId, owner: str, now: datetime, for_seconds: int) -> None:
        raise Locked(f"{service}: somebody else.", holder="somebody", until=now)

    patch.setattr("chalicelib.record.states.States.lock", lock)
    here.verdicts.violations += play(A_DAY, short=True).violations


def never_comes_to_rest(here: Town, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("chalicelib.execute.verify.Verifier.verify", lambda self, services, now: ())
    here.verdicts.violations += play(A_DAY, short=True).violations


BREACHES: Mapping[Invariant, Breach] = {
    Invariant.BUSY: lambda here, _: asks_aws(here, in_use(here, "prod-busy")),
    Invariant.STREAMING: stops_what_streams,
    Invariant.UNKNOWN: stops_without_metrics,
    Invariant.EXCLUDED: lambda here, _: asks_aws(here, "dev-excluded"),
    Invariant.OVERRIDDEN: stops_what_is_kept,
    Invariant.MOVED: moves_what_is_used,
    Invariant.SIZE_SAVED: forgets_the_size,
    Invariant.SIZE_GIVEN_BACK: gives_back_too_little,
    Invariant.ONE_RECORD: keeps_no_history,
    Invariant.NO_OVERLAP: lambda here, _: asks_aws(here, "prod-quiet"),
    Invariant.ONE_OUTCOME: changes_an_outcome,
    Invariant.RUN_LIMIT: does_too_much_at_once,
    Invariant.STOPS_PER_HOUR: lambda here, _: asks_aws(here, "dev-chat", "dev-sized", "dev-stream", "dev-unmeasured"),
    Invariant.KEEP_RUNNING: lambda here, _: asks_aws(here, "pool-a", "pool-b"),
    Invariant.ONE_INSTANCE: makes_two_of_one_start,
    Invariant.NO_ORPHAN: forgets_an_instance,
    Invariant.TOLD: tells_nobody,
    Invariant.NOT_TWICE: tells_twice,
    Invariant.NOT_SEEN: shows_everything,
    Invariant.NOT_TOUCHED: lets_everybody,
    Invariant.IN_WORDS: has_a_mistake,
    Invariant.AT_REST: never_comes_to_rest,
    Invariant.HEALED: never_acts,
}


def test_there_is_a_broken_house_for_each_invariant() -> None:
    assert set(BREACHES) == set(Invariant)


@pytest.mark.parametrize("invariant", BREACHES, ids=lambda one: one.name)
def test_a_broken_house_is_seen(invariant: Invariant, here: Town) -> None:
    before = len(here.verdicts.violations)

    with pytest.MonkeyPatch.context() as patch:
        BREACHES[invariant](here, patch)

    assert invariant in {violation.invariant for violation in here.verdicts.violations[before:]}
