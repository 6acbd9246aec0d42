"""Uploads what was packaged under names made of its content, so that what has not changed is no change.

A nested template that is as it was keeps its address, and CloudFormation leaves its stack alone; what was uploaded for
an earlier version stays, so that a roll back finds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from chalicelib.deploy import templates
from chalicelib.deploy.packaging import PLACE_OF_ZIP, ZIP
from chalicelib.errors import ConfigurationError

PUBLIC_ACCESS = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where it goes: ``address`` is what CloudFormation reads templates from, without the key."""

    bucket: str
    stage: str
    address: str

    def key(self, name: str, content: bytes) -> str:
        return f"{self.stage}/{sha256(content).hexdigest()[:20]}/{name}"

    def url(self, key: str) -> str:
        return f"{self.address}/{self.bucket}/{key}"


def bucket_name(account: str, region: str) -> str:
    return f"ollama-lifecycle-code-{account}-{region}"


def make_bucket(s3: Any, name: str, region: str) -> None:
    """Private and encrypted. Ours when it is there already; raises ConfigurationError when it is somebody else's."""
    from botocore.exceptions import ClientError

    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=name, **where)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "BucketAlreadyOwnedByYou":
            return
        if code == "BucketAlreadyExists":
            raise ConfigurationError(f"The bucket {name} belongs to another account: choose --code-bucket.") from error
        raise
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=PUBLIC_ACCESS)


def contents(out: Path, place: Place) -> tuple[str, Mapping[str, bytes]]:
    """The address of `main.yaml`, and every object by its key. Pure: the same folder and place give the same."""
    zipped = (out / ZIP).read_bytes()
    zip_key = place.key(ZIP, zipped)
    objects = {zip_key: zipped}
    main = templates.read(out / templates.MAIN)
    urls: dict[str, str] = {}
    for logical, name in templates.nested(main).items():
        text = (out / name).read_bytes()
        if name == templates.PACKAGED:
            text = text.replace(PLACE_OF_ZIP.encode(), f"s3://{place.bucket}/{zip_key}".encode())
        key = place.key(name, text)
        objects[key] = text
        urls[logical] = place.url(key)
    for logical, url in urls.items():
        main["Resources"][logical]["Properties"]["TemplateURL"] = url
    text = templates.written(main).encode()
    key = place.key(templates.MAIN, text)
    return place.url(key), {**objects, key: text}


def upload(s3: Any, place: Place, objects: Mapping[str, bytes]) -> int:
    """Puts what is not there yet; how many that were."""
    from botocore.exceptions import ClientError

    put = 0
    for key, content in objects.items():
        try:
            s3.head_object(Bucket=place.bucket, Key=key)
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") != 404:
                raise
            s3.put_object(Bucket=place.bucket, Key=key, Body=content, ServerSideEncryption="AES256")
            put += 1
    return put
