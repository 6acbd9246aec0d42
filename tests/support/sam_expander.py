"""Expands SAM templates as AWS does it, with AWS's own translator, out of ministack's virtual environment.

ministack expands a stack's own template, but not those of nested stacks, for which AWS does the same.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

from chalicelib.deploy import templates
from support import ministack

_EXPAND = """\
import json, sys
from samtranslator.translator.transform import transform
class NoManagedPolicies:
    def load(self):
        return {}
json.dump(transform(json.load(sys.stdin), {}, NoManagedPolicies()), sys.stdout)
"""


def expanded(text: str) -> str:
    """Raises AssertionError with the translator's words."""
    document = json.dumps(templates.parse(text, "sam.yaml"))
    done = subprocess.run(
        [str(ministack.interpreter()), "-c", _EXPAND],
        input=document, capture_output=True, text=True, check=False,
        env={"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def expand_what_is_uploaded(s3: Any) -> None:
    """From now on every template of ours with functions that ``s3`` puts is expanded on its way."""

    def expand(params: dict[str, Any], **_: Any) -> None:
        if str(params["Key"]).endswith(f"/{templates.PACKAGED}"):
            params["Body"] = expanded(params["Body"].decode()).encode()

    s3.meta.events.register("before-parameter-build.s3.PutObject", expand)
