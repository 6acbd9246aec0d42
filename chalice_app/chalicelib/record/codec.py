"""Turns our frozen values into DynamoDB attributes and back. Decides nothing; refuses floats, as DynamoDB does.

Times are texts of one width in UTC (``2026-11-20T08:00:00.000000Z``): they sort and compare as texts. An attribute
that has no value is left out, so that ``attribute_not_exists`` means "none".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.decide.capacity import CapacityProviderUse, Setback, SetbackKind, SpotMemory
from chalicelib.decide.facts import (
    ActionKind,
    Moving,
    Pending,
    SavedSize,
    ScalingBounds,
    ServiceMemory,
    StartFailure,
)
from chalicelib.decide.flight import Flight

Item = Mapping[str, Any]


def when_text(moment: datetime) -> str:
    """Raises ValueError for a datetime without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def when(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def maybe_when(text: str | None) -> datetime | None:
    return when(text) if text else None


def epoch(moment: datetime) -> int:
    """Whole seconds, rounded up: DynamoDB must never delete before the moment itself."""
    return -int(-moment.timestamp() // 1)


def bounds_map(bounds: ScalingBounds) -> dict[str, Any]:
    return {
        "min": bounds.min_capacity,
        "max": bounds.max_capacity,
        "scale_in_suspended": bounds.scale_in_suspended,
        "scale_out_suspended": bounds.scale_out_suspended,
        "scheduled_suspended": bounds.scheduled_suspended,
    }


def bounds_of(found: Item) -> ScalingBounds:
    return ScalingBounds(
        min_capacity=int(found["min"]),
        max_capacity=int(found["max"]),
        scale_in_suspended=bool(found["scale_in_suspended"]),
        scale_out_suspended=bool(found["scale_out_suspended"]),
        scheduled_suspended=bool(found["scheduled_suspended"]),
    )


def saved_attributes(size: SavedSize) -> dict[str, Any]:
    """``saved_scaling`` is None when there was no scalable target: the caller removes the attribute then."""
    return {
        "saved_desired": size.desired_count,
        "saved_scaling": bounds_map(size.scaling) if size.scaling else None,
        "saved_at": when_text(size.saved_at),
    }


def pending_attributes(pending: Pending) -> dict[str, Any]:
    return {
        "pending_kind": pending.kind.value,
        "pending_since": when_text(pending.since),
        "pending_deadline": when_text(pending.deadline),
        "pending_action": pending.action_id,
        "pending_to": _placed(pending.to),
        "pending_to_spot": pending.to_spot or None,
    }


def moving_attributes(moving: Moving) -> dict[str, Any]:
    return {"moving_to": _placed(moving.to), "moving_to_spot": moving.to_spot}


def _placed(to: Sequence[CapacityProviderUse]) -> list[list[Any]] | None:
    return [[one.name, one.base, one.weight] for one in to] or None


def _uses(found: Sequence[Sequence[Any]]) -> tuple[CapacityProviderUse, ...]:
    return tuple(CapacityProviderUse(str(one[0]), int(one[1]), int(one[2])) for one in found)


SAVED = ("saved_desired", "saved_scaling", "saved_at")
PENDING = ("pending_kind", "pending_since", "pending_deadline", "pending_action", "pending_to", "pending_to_spot")
MOVING = ("moving_to", "moving_to_spot")
FAILURE = ("failure_count", "failure_at", "failure_reason")
LOCK = ("lock_owner", "lock_until")
REFUSAL = ("refusal_key", "refusal_at")


def saved_of(item: Item) -> SavedSize | None:
    if "saved_desired" not in item:
        return None
    scaling = item.get("saved_scaling")
    return SavedSize(
        desired_count=int(item["saved_desired"]),
        scaling=bounds_of(scaling) if scaling else None,
        saved_at=when(item["saved_at"]),
    )


def _pending_of(item: Item) -> Pending | None:
    if "pending_action" not in item:
        return None
    return Pending(
        kind=ActionKind(item["pending_kind"]),
        since=when(item["pending_since"]),
        deadline=when(item["pending_deadline"]),
        action_id=str(item["pending_action"]),
        to=_uses(item.get("pending_to", ())),
        to_spot=bool(item.get("pending_to_spot", False)),
    )


def _moving_of(item: Item) -> Moving | None:
    return Moving(_uses(item["moving_to"]), bool(item["moving_to_spot"])) if "moving_to" in item else None


def failure_of(item: Item) -> StartFailure | None:
    if "failure_count" not in item:
        return None
    return StartFailure(int(item["failure_count"]), when(item["failure_at"]), str(item["failure_reason"]))


def flight_attributes(flight: Flight) -> dict[str, Any]:
    """``flight_gone`` is None while it is open: the caller removes the attribute then."""
    gone = flight.gone_by
    return {"flight_seen": when_text(flight.seen_at), "flight_gone": when_text(gone) if gone else None}


def _flight_of(item: Item) -> Flight | None:
    seen_at = maybe_when(item.get("flight_seen"))
    return Flight(seen_at, maybe_when(item.get("flight_gone"))) if seen_at else None


def setback_text(setback: Setback) -> str:
    """``2026-11-20T08:00:00.000000Z lost i-0123``: one word of a set, the same for the same setback."""
    return f"{when_text(setback.at)} {setback.kind.value} {setback.key}".rstrip()


def spot_of(item: Item) -> SpotMemory:
    return SpotMemory(
        setbacks=tuple(sorted(_setback(text) for text in item.get("spot_setbacks", ()))),
        short_since=maybe_when(item.get("short_since")),
    )


def _setback(text: str) -> Setback:
    at, kind, *key = text.split(" ", 2)
    return Setback(when(at), SetbackKind(kind), key[0] if key else "")


def memory_of(item: Item) -> ServiceMemory:
    return ServiceMemory(
        opening_handled=maybe_when(item.get("opening_handled")),
        hand_started_at=maybe_when(item.get("hand_started_at")),
        hand_stopped_at=maybe_when(item.get("hand_stopped_at")),
        saved_size=saved_of(item),
        draining_since=maybe_when(item.get("draining_since")),
        pending=_pending_of(item),
        moving=_moving_of(item),
        start_failure=failure_of(item),
        stopped_at=maybe_when(item.get("stopped_at")),
        unknown_since=maybe_when(item.get("unknown_since")),
        flight=_flight_of(item),
        gone_since=maybe_when(item.get("gone_since")),
        spot=spot_of(item),
        hosts_left=tuple(str(one) for one in item.get("host_watch", ())),
        owed_line=str(item.get("owed_line", "")),
    )
