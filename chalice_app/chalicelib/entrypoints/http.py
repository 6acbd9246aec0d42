"""The HTTP API. So far it answers one question: is the deployment there."""

from __future__ import annotations

from chalice.app import Blueprint

api = Blueprint("app")


@api.route("/api/health", methods=["GET"])
def health() -> dict[str, str]:
    """Reads nothing from AWS, so that it may be asked often and by anybody."""
    return {"status": "ok"}
