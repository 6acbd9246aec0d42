"""Models, and what was launched of them."""

from __future__ import annotations

from chalicelib.entrypoints.api.routing import Needs, Route, View


def _list_models() -> View:
    from chalicelib.entrypoints.api.views.models import list_models

    return list_models


def _get_model() -> View:
    from chalicelib.entrypoints.api.views.models import get_model

    return get_model


def _add_model() -> View:
    from chalicelib.entrypoints.api.views.models import add_model

    return add_model


def _change_model() -> View:
    from chalicelib.entrypoints.api.views.models import change_model

    return change_model


def _remove_model() -> View:
    from chalicelib.entrypoints.api.views.models import remove_model

    return remove_model


def _start_model() -> View:
    from chalicelib.entrypoints.api.views.launching import start_model

    return start_model


def _stop_model() -> View:
    from chalicelib.entrypoints.api.views.launching import stop_model

    return stop_model


def _list_instances() -> View:
    from chalicelib.entrypoints.api.views.instances import list_instances

    return list_instances


def _get_instance() -> View:
    from chalicelib.entrypoints.api.views.instances import get_instance

    return get_instance


def _read_logs() -> View:
    from chalicelib.entrypoints.api.views.instances import read_logs

    return read_logs


def _wake() -> View:
    from chalicelib.entrypoints.api.views.instances import wake

    return wake


def _override() -> View:
    from chalicelib.entrypoints.api.views.instances import override

    return override


def _end_override() -> View:
    from chalicelib.entrypoints.api.views.instances import end_override

    return end_override


def _why() -> View:
    from chalicelib.entrypoints.api.views.why import why

    return why


FLEET: tuple[Route, ...] = (
    Route("GET", "/api/models", _list_models, Needs.READ, "List the models that can be launched", "models"),
    Route("GET", "/api/models/{id}", _get_model, Needs.READ, "Read one model", "models"),
    Route(
        "POST",
        "/api/models",
        _add_model,
        Needs.ADMIN,
        "Add a model to the catalog",
        "models",
        status=201,
        errors=(409,),
    ),
    Route("PUT", "/api/models/{id}", _change_model, Needs.ADMIN, "Change a model", "models", errors=(409,)),
    Route(
        "DELETE",
        "/api/models/{id}",
        _remove_model,
        Needs.ADMIN,
        "Take a model out of the catalog",
        "models",
        status=204,
        errors=(409,),
    ),
    Route(
        "POST",
        "/api/models/start",
        _start_model,
        Needs.WRITE,
        "Launch a model",
        "models",
        status=202,
        errors=(404, 409, 429, 502),
    ),
    Route(
        "DELETE",
        "/api/models/{id}/stop",
        _stop_model,
        Needs.OWN,
        "Stop an instance, or remove it",
        "models",
        status=202,
        errors=(409, 502),
        or_model=True,
    ),
    Route("GET", "/api/instances", _list_instances, Needs.READ, "List the instances that you may see", "instances"),
    Route("GET", "/api/instances/{id}", _get_instance, Needs.SEE, "Read one instance", "instances"),
    Route(
        "GET",
        "/api/instances/{id}/logs",
        _read_logs,
        Needs.READ_LOGS,
        "Read what an instance logged, and follow it",
        "instances",
        errors=(502,),
    ),
    Route(
        "POST",
        "/api/instances/{id}/start",
        _wake,
        Needs.OWN,
        "Start a stopped instance",
        "instances",
        status=202,
        errors=(409, 429, 502),
    ),
    Route(
        "PUT",
        "/api/instances/{id}/override",
        _override,
        Needs.OWN,
        "Say what beats the schedule for a while",
        "instances",
        status=202,
        errors=(409, 429, 502),
    ),
    Route(
        "DELETE",
        "/api/instances/{id}/override",
        _end_override,
        Needs.OWN,
        "Take that word back: the policy rules again",
        "instances",
        status=202,
        errors=(409, 502),
    ),
    Route(
        "GET", "/api/instances/{id}/why", _why, Needs.SEE, "Say why an instance is as it is", "instances", errors=(409,)
    ),
)
