"""Every route of the API. What is not here does not exist: Chalice, the OpenAPI document and the tests read this."""

from __future__ import annotations

from chalicelib.entrypoints.api.routes_fleet import FLEET
from chalicelib.entrypoints.api.routes_people import PEOPLE
from chalicelib.entrypoints.api.routes_record import RECORD
from chalicelib.entrypoints.api.routing import Route

ROUTES: tuple[Route, ...] = (*PEOPLE, *FLEET, *RECORD)
