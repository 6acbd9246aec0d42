"""What is uploaded is named by its content: the same package is no change, and a change is one only where it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from chalicelib.deploy import templates
from chalicelib.deploy.packaging import ZIP, checkout, files, gather
from chalicelib.deploy.uploading import Place, bucket_name, contents, make_bucket, upload
from chalicelib.runtime.clients import Clients
from moto import mock_aws

PLACE = Place("code", "dev", "https://s3.eu-west-1.amazonaws.com")


@pytest.fixture
def packaged(tmp_path: Path) -> Path:
    """As Chalice leaves it, with less in it."""
    app = templates.read(checkout() / "cfn" / "app-resources.yaml")
    app["Resources"]["Sweep"]["Properties"]["CodeUri"] = f"./{ZIP}"
    (tmp_path / templates.PACKAGED).write_text(templates.written(app))
    (tmp_path / ZIP).write_bytes(b"functions")
    gather(checkout(), tmp_path)
    return tmp_path


def test_the_same_package_goes_to_the_same_place(packaged: Path) -> None:
    assert contents(packaged, PLACE) == contents(packaged, PLACE)


def test_other_functions_change_their_own_template_and_the_whole_and_nothing_else(packaged: Path) -> None:
    _, before = contents(packaged, PLACE)
    (packaged / ZIP).write_bytes(b"other functions")

    _, after = contents(packaged, PLACE)

    changed = {key.split("/", 2)[2] for key in set(after) - set(before)}
    assert changed == {ZIP, templates.PACKAGED, templates.MAIN}


def test_every_address_in_what_is_uploaded_leads_to_something_that_is_uploaded(packaged: Path) -> None:
    url, objects = contents(packaged, PLACE)
    by_url = {PLACE.url(key): text for key, text in objects.items()}

    main = templates.parse(by_url[url].decode(), "main")
    nested = templates.nested(main)
    assert set(nested.values()) <= set(by_url)
    app = by_url[nested[templates.APP]].decode()
    (zip_key,) = [key for key in objects if key.endswith(ZIP)]
    assert f"s3://code/{zip_key}" in app
    assert len(objects) == len(files(packaged)), "the zip beside them, and us-east-1 not, which is sent as it is"


def test_a_bucket_is_made_once_private_and_what_lies_there_is_not_sent_again() -> None:
    with mock_aws():
        s3 = Clients(region="eu-west-1").s3
        name = bucket_name("123456789012", "eu-west-1")

        for _ in range(2):
            make_bucket(s3, name, "eu-west-1")
        place = Place(name, "dev", "https://s3.eu-west-1.amazonaws.com")

        assert upload(s3, place, {"dev/1/a": b"a", "dev/2/b": b"b"}) == 2
        assert upload(s3, place, {"dev/1/a": b"a", "dev/3/c": b"c"}) == 1
        assert all(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
