"""The strict fake AWS with DynamoDB, S3 and all that launching and people need in memory too: nothing of moto, so that
thousands of days can be played."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.response import StreamingBody
from faults.front import Front
from faults.injection import Injection
from faults.people import Directory
from support.strict_aws import StrictAws, _Http
from support.strict_ecs import AwsError
from support.strict_rows import Rows

Params = Mapping[str, Any]


class Shelf:
    """One bucket's objects, by key."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def list_objects(self, params: Params) -> dict[str, Any]:
        keys = sorted(key for key in self.objects if key.startswith(params["Prefix"]))
        return {"Contents": [{"Key": key, "ETag": self._etag(key)} for key in keys], "IsTruncated": False}

    def get_object(self, params: Params) -> dict[str, Any]:
        key = params["Key"]
        if key not in self.objects:
            raise AwsError("NoSuchKey", "The specified key does not exist.")
        data = self.objects[key]
        return {"Body": StreamingBody(io.BytesIO(data), len(data)), "ETag": self._etag(key)}

    def _etag(self, key: str) -> str:
        return hashlib.sha256(self.objects[key]).hexdigest()


class WholeAws(StrictAws):
    """``rows`` is the one table, ``shelf`` the one bucket. ``trouble`` breaks calls of every client made of it."""

    def __init__(self, now: datetime, *, core: botocore.session.Session | None = None) -> None:
        self.rows = Rows()
        self.shelf = Shelf()
        super().__init__(now, core=core)
        self.front = Front(self.world)
        self.directory = Directory(self.world)
        self._plain = {**self.front.operations, **self.directory.operations}
        self._plain |= {"s3.ListObjectsV2": self.shelf.list_objects, "s3.GetObject": self.shelf.get_object}
        self.trouble = Injection(self.session.events)

    def shorten(self, client: Any) -> None:
        """From now on the client's calls come here directly, past botocore's validation, signing and parsing.

        Two thirds of what a call costs; who plays thousands of days has held the same calls against botocore before.
        """
        service = client.meta.service_model.service_name

        def make(name: str, params: dict[str, Any]) -> dict[str, Any]:
            operation = f"{service}.{name}"
            fault = self.trouble.begins(operation, params)
            self.calls[operation] += 1
            try:
                answered = self._handle(service, operation, params)
                assert answered is not None
                status, body = answered[0].status_code, answered[1]
            except AwsError as error:
                status, body = 400, {"Error": {"Code": error.code, "Message": error.message}}
            self.trouble.ends(fault, operation, params, body, ok=status < 300)
            if status >= 300:
                raise client.exceptions.from_code(body["Error"]["Code"])(body, name)
            return body

        client._make_api_call = make
        client.get_paginator = cache(client.get_paginator)

    def _handle(self, service: str, operation: str, params: Params) -> tuple[_Http, dict[str, Any]] | None:
        answer: tuple[int, dict[str, Any]]
        if operation in self.rows.operations:
            answer = self.rows.operations[operation](params)
        elif operation in self._plain:
            answer = 200, self._plain[operation](params)
        else:
            return super()._handle(service, operation, params)
        status, body = answer
        return _Http(status), {**body, "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "strict"}}
