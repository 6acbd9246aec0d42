"""AWS clients: made when first used, once each, with retries that fit inside a handler's time.

boto3 is imported here and nowhere at module level: an entry point that needs no AWS does not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.session import Session as CoreSession
    from mypy_boto3_application_autoscaling.client import ApplicationAutoScalingClient
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_elbv2.client import ElasticLoadBalancingv2Client
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sts.client import STSClient

    from chalicelib.execute.bookings import SchedulerClient

POOL = 16
"""Connections kept open: as many as the calls that run side by side."""


def core_session() -> CoreSession:
    """A botocore session that reads the many moments of metric answers quickly."""
    from botocore.session import get_session

    from chalicelib.observe.moments import read_moments_quickly

    core = get_session()
    read_moments_quickly(core)
    return core


class Clients:
    """One lazily made client per service, all of one session, region and (for the embedded AWS) endpoint.

    ``ask_ollama``: how the Ollama of a task is asked where its address leads nowhere (the embedded AWS).
    """

    def __init__(
        self,
        session: Session | None = None,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        ask_ollama: Callable[[str], bytes] | None = None,
    ) -> None:
        self.ask_ollama = ask_ollama
        self._session = session
        self._endpoint_url = endpoint_url
        self._region = region or None

    @cached_property
    def session(self) -> Session:
        if self._session is None:
            import boto3

            self._session = boto3.session.Session(region_name=self._region, botocore_session=core_session())
        return self._session

    def _make(
        self,
        service: str,
        *,
        retries: Literal["standard", "adaptive"] = "standard",
        attempts: int = 4,
        region: str | None = None,
    ) -> Any:
        """``retries`` "adaptive": calls wait before AWS has to refuse them, once it has refused one."""
        from botocore.config import Config

        config = Config(
            retries={"mode": retries, "total_max_attempts": attempts},
            connect_timeout=2,
            read_timeout=8,
            max_pool_connections=POOL,
        )
        make: Any = self.session.client
        return make(service, endpoint_url=self._endpoint_url, region_name=region or self._region, config=config)

    def hurried(self, service: str) -> Any:
        """A client of its own for who must answer within three seconds: two short tries."""
        from botocore.config import Config

        config = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=0.7, read_timeout=0.7)
        make: Any = self.session.client
        return make(service, endpoint_url=self._endpoint_url, region_name=self._region, config=config)

    @cached_property
    def ecs(self) -> ECSClient:
        client: ECSClient = self._make("ecs", retries="adaptive")
        return client

    @cached_property
    def scaling(self) -> ApplicationAutoScalingClient:
        client: ApplicationAutoScalingClient = self._make("application-autoscaling")
        return client

    @cached_property
    def elb(self) -> ElasticLoadBalancingv2Client:
        client: ElasticLoadBalancingv2Client = self._make("elbv2")
        return client

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        client: CloudWatchClient = self._make("cloudwatch")
        return client

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        client: DynamoDBClient = self._make("dynamodb")
        return client

    @cached_property
    def s3(self) -> S3Client:
        client: S3Client = self._make("s3")
        return client

    @cached_property
    def cognito(self) -> CognitoIdentityProviderClient:
        client: CognitoIdentityProviderClient = self._make("cognito-idp")
        return client

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        client: CloudWatchLogsClient = self._make("logs")
        return client

    @cached_property
    def autoscaling(self) -> Any:
        return self._make("autoscaling")

    @cached_property
    def cost_explorer(self) -> Any:
        return self._make("ce")

    @cached_property
    def athena(self) -> Any:
        return self._make("athena")

    @cached_property
    def budgets(self) -> Any:
        """One endpoint for all regions, like Cost Explorer's."""
        return self._make("budgets")

    @cached_property
    def scheduler(self) -> SchedulerClient:
        """Gives up early: what it is for, the sweep does as well."""
        client: SchedulerClient = self._make("scheduler", attempts=2)
        return client

    @cached_property
    def secrets(self) -> Any:
        return self._make("secretsmanager")

    @cached_property
    def mail(self) -> Any:
        """SES, version 2."""
        return self._make("sesv2")

    def formation(self, region: str) -> Any:
        """CloudFormation, of any region: bills and certificates are made in us-east-1."""
        return self._make("cloudformation", region=region)

    @cached_property
    def functions(self) -> Any:
        """Lambda."""
        return self._make("lambda")

    @cached_property
    def iam(self) -> Any:
        return self._make("iam")

    @cached_property
    def quotas(self) -> Any:
        """Service Quotas."""
        return self._make("service-quotas")

    @cached_property
    def sts(self) -> STSClient:
        client: STSClient = self._make("sts")
        return client

    @cached_property
    def spot_prices(self) -> Any:
        """EC2, for its history of Spot prices."""
        return self._make("ec2")

    @cached_property
    def price_list(self) -> Any:
        """The AWS Price List, which answers in few regions."""
        from chalicelib.prices.price_list import home_of_prices

        return self._make("pricing", region=home_of_prices(self._region or self.session.region_name or ""))
