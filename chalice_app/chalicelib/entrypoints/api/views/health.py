"""Whether the API is there. Reads nothing from AWS for strangers, so that it may be asked often and by anybody."""

from __future__ import annotations

from collections import Counter

from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.shapes.health import Health, HealthDetails
from chalicelib.errors import LifecycleError


def health(call: Call) -> Health:
    if call.who is None or not call.who.is_admin:
        return Health()
    return Health(details=_details(call))


def _details(call: Call) -> HealthDetails:
    """A part that does not answer is said so: who looks for what is broken must not get an error for it."""
    app, record, kept, frozen_by = call.app, "ok", None, None
    try:
        kept = app.policies_in_force.load()
        frozen_by = app.controls.read(call.now).switches.frozen_by
    except LifecycleError as error:
        record = str(error)
    instances: Counter[str] = Counter()
    launching = True
    try:
        instances.update(one.state.value for one in call.fleet.instances.all())
    except LifecycleError:
        launching = False
    return HealthDetails(
        record=record,
        policies_version=kept.version if kept else None,
        policies_held=sorted(kept.held) if kept else [],
        frozen_by=frozen_by,
        launching=launching,
        instances=dict(instances),
    )
