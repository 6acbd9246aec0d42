"""A small burst through the deployed function, as `make bench` plays a large one: no loss, and a loss would be seen."""

from __future__ import annotations

from collections import Counter

from load_cast import Part
from load_events import scene
from load_losses import losses

SERVICES, EVENTS = 26, 70


def test_a_burst_with_copies_in_disorder_has_every_effect_once() -> None:
    with scene(SERVICES, EVENTS, with_cpu=False) as burst:
        burst.play()

        copies = Counter(one.body for one in burst.events)
        assert len(copies) <= 0.8 * len(burst.events)
        assert {one.part for one in burst.players} == set(Part)
        assert losses(burst) == []
        assert [one.kind for one in burst.queue.dead] == ["alarm of a stranger"] * len(burst.queue.dead) != []


def test_an_event_that_never_comes_is_seen_as_a_loss_of_its_service() -> None:
    with scene(SERVICES, EVENTS, with_cpu=False) as burst:
        missed = {one.part: one for one in burst.players if one.part not in (Part.BUSY, Part.STEADY)}
        names = {f"{one.fake.cluster}/{one.fake.name}" for one in missed.values()}
        burst.events = [event for event in burst.events if event.about not in names]

        burst.play()

        seen = {one.partition(" (")[0] for one in losses(burst) if not one.startswith("host ")}
        with_one_host = {f"{one.fake.cluster}/{one.fake.name}" for one in burst.players if one.host}
        assert len(names) == len(Part) - 2
        assert seen == names | with_one_host
