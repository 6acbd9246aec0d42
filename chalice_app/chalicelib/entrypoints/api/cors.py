"""Which browser pages may call the API: those of the one origin that the deployment names, and no others.

Preflights are answered here and not by API Gateway's mocks, whose headers would be fixed when the app is packaged.
No cookie is ever used, so a page of another origin gains nothing but an answer that its browser hides from it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from chalice.app import Response

MAX_AGE_SECONDS = 600
TAKES = "Authorization, Content-Type, Idempotency-Key, X-Access-Token"
SHOWS = "Retry-After, WWW-Authenticate, Allow"


def origin_of(env: Mapping[str, str]) -> str:
    """``LIFECYCLE_CORS_ORIGIN``: ``https://console.example.com``, ``*`` for every page, empty for none."""
    return env.get("LIFECYCLE_CORS_ORIGIN", "").strip()


def shown_to(origin: str) -> dict[str, str]:
    """The headers that let the allowed page read an answer, whatever it is."""
    allowed = origin_of(os.environ)
    if not allowed:
        return {}
    if allowed not in ("*", origin):
        return {"Vary": "Origin"}
    return {"Access-Control-Allow-Origin": allowed, "Access-Control-Expose-Headers": SHOWS, "Vary": "Origin"}


def preflight(origin: str, methods: str) -> Response:
    headers: dict[str, str | list[str]] = {**shown_to(origin)}
    if "Access-Control-Allow-Origin" in headers:
        headers |= {
            "Access-Control-Allow-Methods": methods,
            "Access-Control-Allow-Headers": TAKES,
            "Access-Control-Max-Age": str(MAX_AGE_SECONDS),
        }
    return Response("", headers, 204)
