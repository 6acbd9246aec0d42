"""Which size to save before a stop, and which autoscaling to give back: pure, and never a number nobody had set."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.decide.facts import SavedSize, ScalingBounds, ServiceFacts


def all_suspended(scaling: ScalingBounds) -> bool:
    return scaling.scale_in_suspended and scaling.scale_out_suspended and scaling.scheduled_suspended


def suspended(scaling: ScalingBounds) -> ScalingBounds:
    return replace(scaling, scale_in_suspended=True, scale_out_suspended=True, scheduled_suspended=True)


def size_to_save(facts: ServiceFacts, standing: SavedSize | None) -> tuple[int, ScalingBounds | None]:
    """What a person had: the larger of the size seen and one that waits to be given back.

    While a saved size stands, switches that are all suspended are our own doing, so the saved ones count.
    """
    if standing is None:
        return facts.desired_count, facts.scaling
    desired = max(facts.desired_count, standing.desired_count)
    seen, saved = facts.scaling, standing.scaling
    if seen is None or saved is None:
        return desired, seen or saved
    return desired, _with_switches_of(saved, seen) if all_suspended(seen) else seen


def scaling_to_restore(saved: ScalingBounds | None, seen: ScalingBounds | None) -> ScalingBounds | None:
    """The scalable target as it shall be after a start; None when nothing is to be changed.

    We never change bounds, so others than the saved ones are a person's later word and stay, unless they are shut
    (maximum 0) and could hold no task. So do switches that are not all suspended: that is not how we left them. A
    target that was removed meanwhile is not made anew.
    """
    if saved is None or seen is None or not (all_suspended(seen) or seen.max_capacity == 0):
        return None
    wanted = saved if seen.max_capacity == 0 else _with_switches_of(saved, seen)
    return None if wanted == seen else wanted


def _with_switches_of(saved: ScalingBounds, bounds: ScalingBounds) -> ScalingBounds:
    return replace(saved, min_capacity=bounds.min_capacity, max_capacity=bounds.max_capacity)
