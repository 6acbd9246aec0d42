"""Wiring only: the middleware, then the blueprints.

The handlers are imported by name because Lambda finds them here. A blueprint's own module would do as well for
Chalice, but Lambda would then import that module alone, and the handler would run without any middleware.
"""

from chalice import Chalice
from chalicelib.entrypoints import middleware
from chalicelib.entrypoints.api.blueprint import api, as_problems
from chalicelib.entrypoints.cognito_triggers import (
    post_authentication,
    post_confirmation,
    pre_authentication,
    pre_sign_up,
    triggers,
)
from chalicelib.entrypoints.cost_events import budget_notice, cost_anomaly, money
from chalicelib.entrypoints.deliver import deliver, deliveries
from chalicelib.entrypoints.events import events, on_aws_events
from chalicelib.entrypoints.own_alarms import alarms, own_alarm
from chalicelib.entrypoints.schedules import schedules, sweep
from chalicelib.entrypoints.slack.blueprint import slack, slack_actions, slack_functions
from chalicelib.entrypoints.transitions import transition, transitions
from chalicelib.entrypoints.wake import wake, wake_functions
from chalicelib.entrypoints.weekly import weekly, weekly_report

__all__ = [
    "app",
    "budget_notice",
    "cost_anomaly",
    "deliver",
    "on_aws_events",
    "own_alarm",
    "post_authentication",
    "post_confirmation",
    "pre_authentication",
    "pre_sign_up",
    "slack",
    "slack_actions",
    "sweep",
    "transition",
    "wake",
    "weekly_report",
]

app = Chalice(app_name="ollama-lifecycle", configure_logs=False)
app.register_middleware(as_problems, "http")  # first, so that it stands outside of the others
middleware.install(app)
app.register_blueprint(alarms)
app.register_blueprint(api)
app.register_blueprint(deliveries)
app.register_blueprint(events)
app.register_blueprint(money)
app.register_blueprint(schedules)
app.register_blueprint(slack_functions)
app.register_blueprint(transitions)
app.register_blueprint(triggers)
app.register_blueprint(wake_functions)
app.register_blueprint(weekly)
