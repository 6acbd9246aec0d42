"""What the shapes of all endpoints are made of."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)


class Shape(BaseModel):
    """Frozen; a field that nobody knows is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def example(fields: dict[str, JsonValue]) -> ConfigDict:
    """A shape's configuration with one example of it, which the page shows."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


def _moment(given: object) -> datetime:
    if isinstance(given, datetime):
        return given.astimezone(UTC)
    if not isinstance(given, str):
        raise ValueError("write a moment as text, as in 2026-11-20T18:00:00+09:00")
    try:
        moment = datetime.fromisoformat(given)
        if moment.tzinfo is None:
            raise ValueError("the offset is missing: write 2026-11-20T18:00:00+09:00 or ...Z")
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("this moment is out of reach") from None
    except ValueError as error:
        if "offset" in str(error):
            raise
        raise ValueError("this is no moment: write 2026-11-20T18:00:00+09:00") from None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    PlainSerializer(_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""ISO 8601 with an offset; answers are in UTC."""

_LINE = r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_LINE)]
"""One line of text, without a space at its ends."""
MaybeLine = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=8192, pattern=r"^[\x21-\x7e]+$")]
Address = Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
"""An e-mail address; whether it is one is found out by who mails to it."""

Minutes = Annotated[int, Field(ge=1, le=60 * 24 * 366)]


class Price(Shape):
    """What one copy costs while it runs, at list price. The amount is text, so that no reader rounds it."""

    amount: Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)?$")]
    currency: Literal["USD"] = "USD"
    per: Literal["hour"] = "hour"


def price_of(usd_per_hour: Decimal | None) -> Price | None:
    return None if usd_per_hour is None else Price(amount=f"{usd_per_hour:f}")


class FieldError(BaseModel):
    """``field`` says where: ``body.model_id``, ``query.limit``."""

    field: str
    message: str
    code: str


class ProblemDetails(BaseModel):
    """RFC 9457. ``type`` leads to the explanation; ``instance`` names this very request, for the log."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldError] = Field(default_factory=list)


class Listing(Shape):
    """What every list takes. ``cursor`` is the ``next_cursor`` of the page before."""

    cursor: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class Sent(Shape):
    """The answer to whoever asked for a mail: the same, whether the address is known or not."""

    message: str
