"""Which countries and subdivisions have known holidays. Imports the package ``holidays`` only when asked."""

from __future__ import annotations

from functools import lru_cache

from chalicelib.policy.calendars import nearest_country
from chalicelib.policy.problems import ScalarError, nearest_word


@lru_cache(maxsize=1)
def country_codes() -> frozenset[str]:
    """ISO 3166 alpha-2 codes, in capitals."""
    from holidays.registry import COUNTRIES

    return frozenset(code for names in COUNTRIES.values() for code in names[1:] if len(code) == 2)


def parse_country(text: str) -> str:
    """An ISO 3166 alpha-2 code of a country whose holidays are known. Raises ScalarError."""
    if text not in country_codes():
        meant = nearest_country(text) or (nearest_word(text, country_codes()) if len(text) == 2 else None)
        hint = f"did you mean {meant}?" if meant else "write its two letters, as JP"
        raise ScalarError("LC053", f"no ISO 3166 country whose holidays are known; {hint}")
    return text


@lru_cache(maxsize=64)
def subdivisions(country: str) -> tuple[str, ...]:
    """The valid subdivision codes of one country of `country_codes`, sorted; empty when it has none."""
    import holidays

    return tuple(sorted(getattr(holidays, country).subdivisions))
