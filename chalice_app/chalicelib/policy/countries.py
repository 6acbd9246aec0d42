"""Which countries and subdivisions have known holidays. Imports the package ``holidays`` only when asked."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=1)
def country_codes() -> frozenset[str]:
    """ISO 3166 alpha-2 codes, in capitals."""
    from holidays.registry import COUNTRIES

    return frozenset(code for names in COUNTRIES.values() for code in names[1:] if len(code) == 2)


@lru_cache(maxsize=64)
def subdivisions(country: str) -> tuple[str, ...]:
    """The valid subdivision codes of one country of `country_codes`, sorted; empty when it has none."""
    import holidays

    return tuple(sorted(getattr(holidays, country).subdivisions))
