"""An AWS inside this process: moto's server on the loopback address and a free port, and clients that can reach
nothing else.

It refuses to be anything but local: the clients' credentials are made up and handed to them only, the user's
``AWS_*`` variables and ``~/.aws`` are put aside while it runs, and a request to any other address is stopped before
it is sent.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from chalicelib.errors import ConfigurationError
from chalicelib.local.inprocess import Application, answer
from chalicelib.local.ollama_door import Answers, OllamaDoor, asker
from chalicelib.local.quick_moto import quicken
from chalicelib.runtime.clients import Clients

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.loaders import Loader
    from werkzeug.serving import BaseWSGIServer

LOOPBACK = "127.0.0.1"
ACCOUNT = "123456789012"
"""The account that moto makes everything in."""
REGION = "ap-northeast-1"

_ONE_AT_A_TIME = frozenset({"dynamodb", "ecs", "elasticloadbalancing", "monitoring", "application-autoscaling"})
"""Signing names of the services whose requests wait for each other.

moto evaluates DynamoDB's conditions without a lock, so two conditional writes on the same key can both win in its
threaded server; so can two rules for one priority, or two target groups with one name. The other three hold state
that the simulated fleet changes from its own thread. Load balancers of moto send nothing to their targets.
Services that call back into this server over HTTP (SNS) must never be in this set.
"""


_LOOK_UP_SECONDS = 0.05
"""How often the server looks whether it is to end."""

_NO_AWS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # over a thousand machine images, made anew for each world; ours needs none
}


class EmbeddedAws:
    """Use as a context manager: the server answers between enter and exit, and starts empty each time.

    moto keeps one world per process, so only one may be open at a time.
    """

    _open = threading.Lock()

    def __init__(self, region: str = REGION) -> None:
        self.region = region
        self.lock = threading.RLock()
        self._application: OllamaDoor | None = None
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None
        self._set_aside: dict[str, str] = {}

    @property
    def endpoint(self) -> str:
        if self._server is None:
            raise ConfigurationError("the embedded AWS is not running")
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def __enter__(self) -> EmbeddedAws:
        if not self._open.acquire(blocking=False):
            raise ConfigurationError("an embedded AWS is already running in this process")
        self._forget_the_environment()
        try:
            self._serve()
        except BaseException:
            self._restore_the_environment()
            self._open.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join(timeout=5)
            self._server.server_close()
            self._server = None
        self._restore_the_environment()
        self._open.release()

    def clients(self) -> Clients:
        """The clients of the whole application: bound to this server, and answered without a socket."""
        session = loopback_session(self.endpoint, self.region, self._application)
        return Clients(session, endpoint_url=self.endpoint, region=self.region, ask_ollama=asker(self.endpoint))

    def answer_for_ollama(self, answers: Answers) -> None:
        """What the Ollama of each simulated task says."""
        if self._application is not None:
            self._application.answers = answers

    def backend(self, service: str) -> Any:
        """moto's own objects of a service, for what its API cannot be told (tasks, times, old metrics)."""
        from moto.backends import get_backend

        return get_backend(service)[ACCOUNT][self.region]  # type: ignore[call-overload]

    def _forget_the_environment(self) -> None:
        """moto makes sessions of its own, even at import: a profile that does not exist would break it."""
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            self._set_aside[name] = os.environ.pop(name)
        os.environ.update(_NO_AWS)

    def _restore_the_environment(self) -> None:
        for name in _NO_AWS:
            os.environ.pop(name, None)
        os.environ.update(self._set_aside)
        self._set_aside.clear()

    def _serve(self) -> None:
        from moto.moto_api import state_manager
        from moto.moto_api._internal.models import moto_api_backend
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
        from werkzeug.serving import make_server

        class Quiet(MotoRequestHandler):
            def log(self, type: str, message: str, *args: Any) -> None:
                return

        quicken()
        moto_api_backend.reset()
        # Otherwise every DescribeTasks would push the task one state further towards STOPPED.
        state_manager.set_transition("ecs::task", {"progression": "manual", "times": 10**9})
        dispatcher = DomainDispatcherApplication(create_backend_app)
        # moto would list the folders of its package twice a request to find out which service is meant.
        dispatcher.get_backend_for_host = cache(dispatcher.get_backend_for_host)  # type: ignore[method-assign]
        self._application = OllamaDoor(_OneAtATime(dispatcher, self.lock))
        self._server = make_server(LOOPBACK, 0, self._application, threaded=True, request_handler=Quiet)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_LOOK_UP_SECONDS,), name="embedded-aws", daemon=True
        )
        self._thread.start()


class _OneAtATime:
    """Passes requests on to moto, those of some services one after another."""

    def __init__(self, application: Callable[..., Iterable[bytes]], lock: threading.RLock) -> None:
        self._application = application
        self._lock = lock

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if _signed_for(environ.get("HTTP_AUTHORIZATION", "")) not in _ONE_AT_A_TIME:
            return self._application(environ, start_response)
        with self._lock:
            return list(self._application(environ, start_response))


def _signed_for(authorization: str) -> str:
    """The service in a signature's credential scope (``…/20261123/ap-northeast-1/dynamodb/aws4_request``)."""
    scope = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    return scope[3] if len(scope) == 5 else ""


def loopback_session(endpoint: str, region: str, application: Application | None = None) -> Session:
    """A session that knows made-up credentials, reads no ``AWS_*`` variable, no profile, no proxy setting and no
    file, and raises ConfigurationError rather than send a request anywhere but to ``endpoint``.

    ``application``: what serves at ``endpoint``, if it lives in this process; it is then asked directly.
    """
    import boto3
    import botocore.session
    from botocore.config import Config

    if not endpoint.startswith(f"http://{LOOPBACK}:"):
        raise ConfigurationError(f"{endpoint} is not on {LOOPBACK}: the simulated clients go nowhere else")
    core = botocore.session.Session(session_vars=_deaf())
    core.register_component("data_loader", api_models())
    core.set_credentials("simulated", "simulated")
    core.set_default_client_config(Config(proxies={}, user_agent="ollama-lifecycle"))  # its own takes a while to make

    def stay_home(**event: Any) -> AWSResponse | None:
        request: AWSPreparedRequest = event["request"]
        if not request.url.startswith(f"{endpoint}/"):
            raise ConfigurationError(f"refused to send a request to {request.url}: the simulated AWS is {endpoint}")
        return answer(application, request) if application else None

    core.register("before-send", stay_home)  # type: ignore[arg-type]  # an answer spares the sending
    return boto3.session.Session(botocore_session=core, region_name=region)


@cache
def api_models() -> Loader:
    """botocore's descriptions of AWS's APIs, read once for all sessions: a session's own would be read anew."""
    from botocore.loaders import create_loader

    return create_loader()


def _deaf() -> dict[str, Any]:
    """botocore's session variables without the environment variables they are read from, and without files.

    The command line makes such a session for ``--local`` while the user's environment is in force.
    """
    from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES

    variables: dict[str, Any] = {
        name: (config_name, None, default, convert)
        for name, (config_name, _environment, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    files: dict[str, Any] = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return variables | files
