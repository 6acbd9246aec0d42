"""What an answer keeps from a caller: ReadOnly, which people get by signing up, learns nobody's mail address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chalicelib.fleet.people import Role

if TYPE_CHECKING:
    from chalicelib.fleet.people import Caller

_ADDRESS = re.compile(r"[^\s@,;:<>()\"']+@[^\s@,;:<>()\"']*[A-Za-z0-9]")


def discreet(text: str, caller: Caller) -> str:
    """The text with the addresses of other people taken out, if the caller may not know them."""
    if caller.role is not Role.READ_ONLY or "@" not in text:
        return text
    return _ADDRESS.sub(lambda found: found[0] if found[0] == caller.email else "somebody", text)
