from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from chalicelib.errors import ConfigurationError
from chalicelib.local.aws import EmbeddedAws, loopback_session
from chalicelib.record.table import create_table
from chalicelib.runtime.clients import Clients


@pytest.fixture
def hostile_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-real-key")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://example.invalid")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-1")
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:9")
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:9")


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


@pytest.mark.usefixtures("hostile_environment")
def test_nothing_of_the_users_environment_is_used_and_all_of_it_is_given_back() -> None:
    before = dict(os.environ)

    with EmbeddedAws() as aws:
        clients = aws.clients()
        who = clients.sts.get_caller_identity()
        credentials = clients.session.get_credentials()
        assert "AWS_ACCESS_KEY_ID" not in os.environ

    assert who["Account"] == "123456789012"
    assert credentials is not None
    assert credentials.access_key == "simulated"
    assert dict(os.environ) == before


def test_a_client_that_points_elsewhere_is_stopped_before_it_sends(aws: EmbeddedAws) -> None:
    elsewhere = aws.clients().session.client("ecs", endpoint_url="http://127.0.0.1:9", region_name=aws.region)

    with pytest.raises(ConfigurationError, match="refused to send"):
        elsewhere.list_clusters()


def test_an_endpoint_that_is_not_on_this_machine_gets_no_session() -> None:
    with pytest.raises(ConfigurationError, match="not on 127"):
        loopback_session("http://192.0.2.1:4566", "us-east-1")


def test_each_world_begins_empty_and_only_one_is_open_at_a_time() -> None:
    with EmbeddedAws() as first:
        first.clients().ecs.create_cluster(clusterName="left-over")
        with pytest.raises(ConfigurationError, match="already running"), EmbeddedAws():
            pass
    with EmbeddedAws() as second:
        assert second.clients().ecs.list_clusters()["clusterArns"] == []


def test_of_many_conditional_writes_on_one_key_exactly_one_wins(aws: EmbeddedAws) -> None:
    dynamodb = aws.clients().dynamodb
    create_table(dynamodb, "race")
    for round_number in range(15):
        won: list[int] = []
        start = threading.Barrier(8)

        def write(n: int, key: str, won: list[int], start: threading.Barrier) -> None:
            start.wait()
            try:
                dynamodb.put_item(
                    TableName="race",
                    Item={"pk": {"S": key}, "sk": {"S": "-"}},
                    ConditionExpression="attribute_not_exists(pk)",
                )
            except ClientError:
                return
            won.append(n)

        writers = [threading.Thread(target=write, args=(n, f"round-{round_number}", won, start)) for n in range(8)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert len(won) == 1


def test_what_is_asked_of_load_balancers_waits_for_what_was_asked_before(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """moto looks whether a name or a priority is free, and takes it later."""
    elb, backend = aws.clients().elb, aws.backend("elbv2")
    inside: list[str] = []
    most: list[int] = []

    def slowly(*_: object, **__: object) -> list[object]:
        inside.append("one")
        most.append(len(inside))
        time.sleep(0.02)
        inside.pop()
        return []

    monkeypatch.setattr(backend, "describe_load_balancers", slowly)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: elb.describe_load_balancers(), range(8)))

    assert max(most) == 1


def test_this_process_and_another_one_see_the_same_aws(aws: EmbeddedAws) -> None:
    """Ours is asked without a socket, another process over the loopback address."""
    ours = aws.clients()
    theirs = Clients(loopback_session(aws.endpoint, aws.region), endpoint_url=aws.endpoint, region=aws.region)

    ours.s3.create_bucket(Bucket="shelf", CreateBucketConfiguration={"LocationConstraint": aws.region})
    ours.s3.put_object(Bucket="shelf", Key="a folder/text ü.txt", Body=b"a\0b")
    theirs.ecs.create_cluster(clusterName="gpu")

    assert theirs.s3.get_object(Bucket="shelf", Key="a folder/text ü.txt")["Body"].read() == b"a\0b"
    assert ours.s3.get_object(Bucket="shelf", Key="a folder/text ü.txt")["Body"].read() == b"a\0b"
    assert ours.ecs.list_clusters()["clusterArns"] == theirs.ecs.list_clusters()["clusterArns"]


def test_a_refusal_of_aws_is_the_same_error_without_a_socket(aws: EmbeddedAws) -> None:
    with pytest.raises(ClientError, match="ClusterNotFound"):
        aws.clients().ecs.list_services(cluster="nowhere")
