"""Policies are read from a folder or from S3, and only when they changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from chalicelib.errors import AwsUnreachable, ConfigurationError, ObservationError
from chalicelib.observe.policy_source import FolderSource, S3Source, source_of
from support.strict_aws import StrictAws

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_folder_gives_its_yaml_files_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("lifecycle: v1\n")
    (tmp_path / "b.yml").write_text("ü")
    (tmp_path / "schema.json").write_text("{}")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "c.yaml").write_text("")

    files = FolderSource(tmp_path).read({})

    assert files.onto({}) == {"a.yaml": "lifecycle: v1\n", "b.yml": "ü"}


def test_a_folder_read_again_gives_only_what_changed(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        (tmp_path / name).write_text(name)
    first = FolderSource(tmp_path).read({})
    (tmp_path / "b.yaml").write_text("new")
    (tmp_path / "c.yaml").unlink()

    second = FolderSource(tmp_path).read(first.etags)

    assert list(second.changed) == ["b.yaml"]
    assert second.gone == {"c.yaml"}
    assert second.onto(first.onto({})) == {"a.yaml": "a.yaml", "b.yaml": "new"}
    assert FolderSource(tmp_path).read(second.etags).is_unchanged


def test_a_file_that_is_not_utf_8_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"name: \xff\n")
    (tmp_path / "b.yaml").write_text("fine")

    texts = FolderSource(tmp_path).read({}).onto({})

    assert texts["b.yaml"] == "fine"
    assert "\udcff" in texts["a.yaml"]


def test_a_file_that_is_too_large_is_cut_just_above_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"x" * 3_000_000)

    assert len(FolderSource(tmp_path).read({}).changed["a.yaml"].text) == 1024 * 1024 + 1


def test_a_folder_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"The policies folder .*nowhere does not exist\."):
        FolderSource(tmp_path / "nowhere").read({})


@pytest.fixture(scope="module")
def aws() -> Iterator[StrictAws]:
    with StrictAws(NOW, moto=True) as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="policies", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_bucket_versioning(Bucket="policies", VersioningConfiguration={"Status": "Enabled"})
        yield aws


@pytest.fixture
def s3(aws: StrictAws, request: pytest.FixtureRequest) -> Iterator[Any]:
    aws.heal()
    yield aws.client("s3")
    aws.heal()


def put(s3: Any, key: str, text: str) -> None:
    s3.put_object(Bucket="policies", Key=key, Body=text.encode())


def test_a_bucket_is_listed_once_and_only_changed_objects_are_fetched(aws: StrictAws, s3: Any) -> None:
    put(s3, "live/a.yaml", "a")
    put(s3, "live/b.yaml", "b")
    put(s3, "live/schema.json", "{}")
    put(s3, "live/old/c.yaml", "c")
    source = S3Source(s3, "policies", "live")
    first = source.read({})
    put(s3, "live/b.yaml", "new")

    with aws.counting() as calls:
        second = source.read(first.etags)
    with aws.counting() as quiet:
        third = source.read(second.etags)

    assert first.onto({}) == {"a.yaml": "a", "b.yaml": "b"}
    assert second.onto(first.onto({})) == {"a.yaml": "a", "b.yaml": "new"}
    assert calls == {"s3.ListObjectsV2": 1, "s3.GetObject": 1}
    assert quiet == {"s3.ListObjectsV2": 1}
    assert third.is_unchanged


def test_each_version_of_an_object_is_told_apart(s3: Any) -> None:
    source = S3Source(s3, "policies", "versions/")
    put(s3, "versions/a.yaml", "one")
    first = source.read({}).changed["a.yaml"]
    put(s3, "versions/a.yaml", "two")
    second = source.read({"a.yaml": first.etag}).changed["a.yaml"]

    assert first.version_id and second.version_id
    assert first.version_id != second.version_id


def test_an_object_deleted_between_list_and_get_is_gone(aws: StrictAws, s3: Any) -> None:
    put(s3, "race/a.yaml", "a")
    put(s3, "race/b.yaml", "b")
    aws.fail("s3.GetObject", "NoSuchKey", when=lambda params: params["Key"].endswith("a.yaml"))

    files = S3Source(s3, "policies", "race").read({"a.yaml": "old"})

    assert files.onto({"a.yaml": "old"}) == {"b.yaml": "b"}
    assert files.gone == {"a.yaml"}


def test_a_bucket_that_cannot_be_read_is_one_sentence(aws: StrictAws, s3: Any) -> None:
    with pytest.raises(
        ObservationError, match="Cannot list the policies in s3://nowhere/live/: ListObjectsV2 answered"
    ):
        S3Source(s3, "nowhere", "live").read({})
    put(s3, "denied/a.yaml", "a")
    aws.fail("s3.GetObject", "AccessDenied", "Access Denied")
    with pytest.raises(ObservationError, match=r"Cannot read the policy file s3://policies/denied/a\.yaml"):
        S3Source(s3, "policies", "denied").read({})
    aws.unplug()
    with pytest.raises(AwsUnreachable):
        S3Source(s3, "policies", "denied").read({})


def test_an_address_says_which_source_it_is(tmp_path: Path) -> None:
    assert isinstance(source_of(str(tmp_path), None), FolderSource)
    assert str(source_of("s3://bucket/a/b", StrictAws(NOW).client("s3"))) == "s3://bucket/a/b/"
    with pytest.raises(ConfigurationError, match="names no bucket"):
        source_of("s3:///prefix", None)
