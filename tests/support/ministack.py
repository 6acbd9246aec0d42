"""ministack: a second embedded AWS that, unlike moto, really runs the packaged functions.

It pins another botocore than ours, so it lives in a virtual environment of its own under ``.venvs``, made on first
use, and runs as a process of its own on the loopback. Differences from AWS that a test has to know about stand in
the test's own docstring.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support import own_venv

VERSION = "1.5.33"
READY_SECONDS = 60


def interpreter() -> Path:
    """The Python that has ministack, of our own version, because the functions' zip holds compiled modules.

    Raises NotInstallable.
    """
    return own_venv.interpreter("ministack", f"ministack[full]=={VERSION}")


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Starts ministack in ``folder`` and gives its address; its output goes to ``ministack.log`` there, and the
    unpacked functions stay there too."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PYTHON"))}
    environment |= {
        "AUTH": "true",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TMPDIR": str(folder),
    }
    with (folder / "ministack.log").open("wb") as log:
        process = subprocess.Popen(
            [str(interpreter()), "-m", "ministack"], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_ready(address, process, folder / "ministack.log")
            yield address
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_ministack/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"ministack did not come up:\n{log.read_text(errors='replace')[-4000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
