"""`lifecycle up`: the demo's fleet kept running live, with the HTTP API, on a clock that can be sped up.

What another terminal needs to talk to it stands in ``.lifecycle/up.json``; its policies are copied to
``.lifecycle/policies`` (unless some are there already), so that editing them shows what happens.
Everything lives in this process: when it ends, the fleet is gone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from chalicelib.fleet.people import Role
from chalicelib.local.handlers import logging_to
from chalicelib.local.handoff import UP_FILE, ScaledClock, UpFile
from chalicelib.local.live import Live
from chalicelib.local.naming import our_command
from chalicelib.local.scenario import Scenario, working_weeks
from chalicelib.local.screen import Screen, screen
from chalicelib.local.seed import TABLE
from chalicelib.local.witness import Witness
from chalicelib.local.world import World, open_world

if TYPE_CHECKING:
    from chalicelib.controller.controller import Controller
    from chalicelib.local.people_and_models import PeopleAndModels

SPEED = 60.0
"""Simulated seconds a second: an hour of the fleet passes in a minute."""
SWEEP_EVERY = timedelta(minutes=5)
"""As deployed."""
WEEKS = 4
"""Traffic is drawn for so long; afterwards nobody asks anything any more."""

_TICK_SECONDS = 0.2
ASKING = Path(__file__).parent / "policies_live"


class LiveClock(ScaledClock):
    """The scaled clock as the world's own: it stands where the world has been played to, and is put forward to `due`.

    So no time passes for a handler while it runs. Minutes would, and it would ask for metrics that nobody measured yet.
    """

    stands: datetime | None = None

    def set(self, to: datetime) -> None:
        self.stands = to

    def now(self) -> datetime:
        return self.stands or self.due()

    def due(self) -> datetime:
        """What time it is for everybody else."""
        return super().now()


def run_up(
    *,
    speed: float = SPEED,
    scenario: Scenario | None = None,
    folder: Path = UP_FILE.parent,
    on: Screen | None = None,
    stop: threading.Event | None = None,
    api_port: int = 0,
) -> int:
    """Runs until Ctrl-C, SIGTERM or ``stop``. ``api_port`` 0 takes any that is free."""
    from chalicelib.local.gateway import serving

    on, stop = on or screen(), stop or threading.Event()
    scenario = scenario or working_weeks(WEEKS)
    scenario = dataclasses.replace(scenario, policies=_own_policies(scenario.policies, folder / "policies"))
    log_path, up_file = folder / "handlers.log", folder / UP_FILE.name
    with (
        _ended_by_signals(stop),
        log_path.open("w", encoding="utf-8") as log,
        logging_to(log),
        open_world(scenario, clock := LiveClock(scenario.start, datetime.now(UTC), speed), log=log,
                   sweep_every=SWEEP_EVERY, with_people=True,
                   post=lambda mail: on.say(f"MAIL   to {mail.to}: {mail.text}")) as world,
        serving(api_port) as api,
    ):  # fmt: skip
        tell = _news(world, on)
        for _ in world.run_until(scenario.start):  # the first sweep: without policies in force nothing may be launched
            pass
        clock.real_start = datetime.now(UTC)  # making the fleet took a while, in which no time passed for it
        if world.slack is not None:
            world.slack.standin.app = f"{api}/api/slack"
        _hand_over(world, clock, api).write(up_file)
        try:
            _introduce(world, clock, api, up_file, on)
            _live(world, clock, on, stop, tell)
        finally:
            up_file.unlink(missing_ok=True)
    on.say()
    on.say("Stopped: the simulated fleet is gone, nothing else was changed.", style="dim")
    return 0


def _news(world: World, on: Screen) -> Callable[[datetime], None]:
    """Prints what is new up to an instant; call it after each step of the world."""
    zone = world.scenario.zone
    witness = Witness(world.app.controller, world.aws.region, zone)
    world.use(dataclasses.replace(world.app, controller=cast("Controller", witness)))
    live = Live(world.app.history, zone)

    def tell(until: datetime) -> None:
        for line in live.news(witness.standing, until):
            on.line(line, zone)

    return tell


def _live(world: World, clock: LiveClock, on: Screen, stop: threading.Event, tell: Callable[[datetime], None]) -> None:
    """Plays the world to the present, again and again, and prints what is new."""
    zone = world.scenario.zone
    day = clock.now().astimezone(zone).date()
    while not stop.wait(_TICK_SECONDS):
        world.hear()
        for at in world.run_until(clock.due()):
            if (today := at.astimezone(zone).date()) != day:
                day = today
                on.say(_good_morning(world, at), style="dim")
            tell(at)
            if stop.is_set():
                return
        tell(clock.due())


def _good_morning(world: World, at: datetime) -> str:
    fleet = world.scenario.fleet
    running = sum(world.tasks.is_ready(one.id) for one in fleet)
    return f"--- {at.astimezone(world.scenario.zone):%a %d %b %Y}: {running} of {len(fleet)} services run"


def _hand_over(world: World, clock: LiveClock, api: str) -> UpFile:
    return UpFile(
        endpoint=world.aws.endpoint,
        region=world.aws.region,
        table=TABLE,
        policies=str(world.scenario.policies),
        api=api,
        simulated_start=clock.simulated_start,
        real_start=clock.real_start,
        speed=clock.speed,
        pid=os.getpid(),
    )


def _introduce(world: World, clock: LiveClock, api: str, up_file: Path, on: Screen) -> None:
    local = clock.simulated_start.astimezone(world.scenario.zone)
    on.say("ollama-lifecycle: the demo's fleet, live", style="bold")
    on.say(f"Simulated AWS on {world.aws.endpoint.removeprefix('http://')}, no account, no credentials used "
           "(AWS_* ignored).")  # fmt: skip
    on.say(f"{len(world.scenario.fleet)} services; it is {local:%a %d %b %Y %H:%M} in {world.scenario.zone.key}, "
           f"and {clock.speed:g} simulated seconds pass in one.")  # fmt: skip
    on.say(f"HTTP API      {api}/api/health")
    if world.people is not None:
        on.say(f"Models        {world.people.settings.endpoint_scheme}://ollama-INSTANCE.{world.people.settings.domain}:"
               f"{world.people.port} (what you launch answers there)")  # fmt: skip
    if world.slack is not None:
        on.say(f"Slack         {world.slack.standin.address}/ (a stand-in: read what people are told, and click)")
    on.say(f"Policies      {world.scenario.policies} (edit them: the next sweep reads them)")
    on.say(f"Hand-over     {up_file}")
    on.say()
    if world.people is not None:
        _introduce_people(world.people, api, on)
    ours = our_command()
    on.say("In another terminal, in this folder:")
    on.say(f"  {ours} --local status")
    on.say(f"  {ours} --local why prod-stream")
    on.say(f"  {ours} --local start dev-chat --for 3h")
    on.say("Ctrl-C ends it.")
    on.say()


def _introduce_people(people: PeopleAndModels, api: str, on: Screen) -> None:
    on.say("Who may log in (POST /api/auth/login); these passwords are made up at every start:")
    for line in people.pool.introduced():
        on.say(f"  {line}")
    ada = people.pool.of(Role.USER)
    on.say("Mails are printed here. For the session with curl in the README, paste this:")
    on.say(f"  export API={api} EMAIL={ada.email} PASSWORD={ada.password}")
    on.say()


def _own_policies(source: Path, target: Path) -> Path:
    """The user's copy, with a policy that asks people, whom only the live fleet has; what is there is never
    overwritten."""
    if not target.is_dir():
        shutil.copytree(source, target)
        shutil.copytree(ASKING, target, dirs_exist_ok=True)
    return target


@contextlib.contextmanager
def _ended_by_signals(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM ask for the end instead of tearing a call apart. Only the main thread hears signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: object) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m chalicelib.local.up [SPEED]``."""
    given = sys.argv[1:] if arguments is None else arguments
    return run_up(speed=float(given[0])) if given else run_up()


if __name__ == "__main__":
    sys.exit(main())
