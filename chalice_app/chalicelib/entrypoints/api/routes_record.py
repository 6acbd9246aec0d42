"""What is in force, what was decided, and the API about itself."""

from __future__ import annotations

from chalicelib.entrypoints.api.routing import Needs, Route, View


def _list_policies() -> View:
    from chalicelib.entrypoints.api.views.policies import list_policies

    return list_policies


def _list_decisions() -> View:
    from chalicelib.entrypoints.api.views.decisions import list_decisions

    return list_decisions


def _health() -> View:
    from chalicelib.entrypoints.api.views.health import health

    return health


def _openapi() -> View:
    from chalicelib.entrypoints.api.views.about import openapi

    return openapi


def _docs() -> View:
    from chalicelib.entrypoints.api.views.about import docs

    return docs


RECORD: tuple[Route, ...] = (
    Route("GET", "/api/policies", _list_policies, Needs.READ, "List the policies in force", "policies"),
    Route("GET", "/api/decisions", _list_decisions, Needs.READ, "List what was decided, done and said", "decisions"),
    Route(
        "GET",
        "/api/health",
        _health,
        Needs.OPEN,
        "Say whether the API is there; to an Admin, how it is",
        "about",
        optional_token=True,
    ),
    Route("GET", "/api/openapi.json", _openapi, Needs.OPEN, "This API as an OpenAPI 3.1 document", "about"),
    Route("GET", "/api/docs", _docs, Needs.OPEN, "This API as a page to read", "about"),
)
