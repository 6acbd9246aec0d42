"""The closed set of things an action may do, as data: `plan` makes them, people read them, the executor runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from chalicelib.decide.capacity import Setback, Strategy
from chalicelib.decide.facts import ActionKind, ScalingBounds


@dataclass(frozen=True, slots=True)
class MarkDraining:
    step: Literal["mark-draining"] = "mark-draining"

    def describe(self) -> str:
        return "mark it draining, so that a gateway sends no new request"


@dataclass(frozen=True, slots=True)
class LookAgain:
    step: Literal["look-again"] = "look-again"

    def describe(self) -> str:
        return "look again with fresh signals, and go on only if it may still stop"


@dataclass(frozen=True, slots=True)
class SaveSize:
    """Kept before anything is changed. ``scaling`` as a person had it, None without a scalable target."""

    desired_count: int
    scaling: ScalingBounds | None
    step: Literal["save-size"] = "save-size"

    def describe(self) -> str:
        bounds = f", autoscaling {_bounds(self.scaling)}" if self.scaling else ""
        return f"save desired count {self.desired_count}{bounds}"


@dataclass(frozen=True, slots=True)
class SuspendScaling:
    """Switches Application Auto Scaling off. ``seen`` is the target as observed; its bounds stay."""

    seen: ScalingBounds
    step: Literal["suspend-scaling"] = "suspend-scaling"

    def describe(self) -> str:
        return f"suspend autoscaling (bounds {self.seen.min_capacity}..{self.seen.max_capacity} stay)"


@dataclass(frozen=True, slots=True)
class SetDesiredCount:
    """``again``: a start that failed before; a deployment that ECS gave up is then begun anew."""

    count: int
    was: int
    again: bool = False
    step: Literal["set-desired-count"] = "set-desired-count"

    def describe(self) -> str:
        retry = ", once more" if self.again else ""
        return f"set desired count {self.was} -> {self.count}{retry}"


@dataclass(frozen=True, slots=True)
class RestoreScaling:
    """``bounds`` are the scalable target as it shall be: every switch as the person left it."""

    bounds: ScalingBounds
    step: Literal["restore-scaling"] = "restore-scaling"

    def describe(self) -> str:
        return f"give autoscaling back: {_bounds(self.bounds)}"


@dataclass(frozen=True, slots=True)
class NoteSetback:
    """Remembers, before anything is moved, that Spot failed the service: so it is not moved back at the next look."""

    setback: Setback
    step: Literal["note-setback"] = "note-setback"

    def describe(self) -> str:
        return f"remember that Spot failed it ({self.setback.kind})"


@dataclass(frozen=True, slots=True)
class SetPlacement:
    """Another capacity provider strategy, with the forced deployment without which ECS takes none."""

    to: Strategy
    was: Strategy
    step: Literal["set-placement"] = "set-placement"

    def describe(self) -> str:
        return (
            f"place its tasks on {placement_words(self.to)} (was {placement_words(self.was)}), by a forced deployment"
        )


@dataclass(frozen=True, slots=True)
class MarkPending:
    """The effect is awaited for ``within_seconds``. ``to``: where a move goes."""

    kind: ActionKind
    within_seconds: int
    to: Strategy = ()
    to_spot: bool = False
    step: Literal["mark-pending"] = "mark-pending"

    def describe(self) -> str:
        return f"verify within {self.within_seconds // 60} min that {self._effect()}"

    def _effect(self) -> str:
        match self.kind:
            case ActionKind.STOP:
                return "its tasks have ended"
            case ActionKind.START:
                return "it is ready"
            case ActionKind.MOVE:
                return f"its tasks run on {placement_words(self.to)}"
            case other:
                assert_never(other)


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Ends a stop that was not carried through. ``forget_size``: ECS holds the whole size again."""

    forget_size: bool
    step: Literal["take-back"] = "take-back"

    def describe(self) -> str:
        return "take the unfinished stop back: no longer draining"


@dataclass(frozen=True, slots=True)
class SettleRunning:
    step: Literal["settle-running"] = "settle-running"

    def describe(self) -> str:
        return "record that it runs: nothing saved, nothing pending, no failure"


Step = (
    MarkDraining
    | LookAgain
    | SaveSize
    | SuspendScaling
    | NoteSetback
    | SetPlacement
    | SetDesiredCount
    | RestoreScaling
    | MarkPending
    | TakeBack
    | SettleRunning
)


WRITES_TO_AWS = (SuspendScaling, SetPlacement, SetDesiredCount, RestoreScaling)
"""Before the first of these the world is looked at once more, before each of them our lock."""


def placement_words(strategy: Strategy) -> str:
    """``gpu-spot``, ``gpu-od (the first 1) and gpu-spot``."""
    if not strategy:
        return "its launch type"
    return " and ".join(f"{one.name} (the first {one.base})" if one.base else one.name for one in strategy)


def _bounds(scaling: ScalingBounds) -> str:
    switches = {
        "scale-in": scaling.scale_in_suspended,
        "scale-out": scaling.scale_out_suspended,
        "scheduled": scaling.scheduled_suspended,
    }
    off = [name for name, suspended in switches.items() if suspended]
    return f"{scaling.min_capacity}..{scaling.max_capacity}" + (f" ({', '.join(off)} suspended)" if off else "")
