"""Who hears of what, and when."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from chalicelib.decide.facts import ServiceId
from chalicelib.errors import ConfigurationError
from chalicelib.notify.notice import Notice, NoticeKind
from chalicelib.notify.routing import targets
from chalicelib.notify.settings import MailSettings, NoticeSettings, Outbox, WebhookSettings
from chalicelib.policy.loader import load
from chalicelib.policy.model import Policy

NOON = datetime(2026, 11, 18, 3, tzinfo=UTC)  # 12:00 in Tokyo
NIGHT = datetime(2026, 11, 18, 14, tzinfo=UTC)  # 23:00 in Tokyo
MORNING = datetime(2026, 11, 18, 22, tzinfo=UTC)  # 07:00 in Tokyo
STOPPED = Notice(NOON, NoticeKind.STOPPED, ServiceId("gpu-dev", "chat"), "gpu-dev/chat: closed", "vision")
EVERYWHERE = NoticeSettings(
    "#all",
    mail=MailSettings("from@example.com", ("a@example.com", "b@example.com"), frozenset({NoticeKind.STOPPED})),
    webhook=WebhookSettings("https://example.com/hook", "secret"),
)


def policy(notify: str = "") -> Policy:
    text = (
        "lifecycle: v1\npolicies:\n  vision:\n    match: {names: [chat]}\n"
        "    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}\n"
        + (f"    notify: {notify}\n" if notify else "")
    )
    loaded = load({"a.yaml": text}, today=date(2026, 11, 18))
    assert not loaded.problems, loaded.problems
    found = loaded.policies.named("vision")
    assert found is not None
    return found


def addresses(notice: Notice, ruling: Policy | None, settings: NoticeSettings, **more: bool) -> list[str]:
    return [one.address for one in targets(notice, ruling, settings, NOON, **more)]


@pytest.mark.parametrize(
    ("notify", "expected"),
    [
        ("", ["slack:#all"]),
        ('{channel: "#ml"}', ["slack:#ml"]),
        ('{channel: "#ml", events: [stopped]}', ["slack:#ml"]),
        ('{channel: "#ml", events: [started]}', []),
        ("{events: [started]}", []),
    ],
)
def test_a_policy_says_which_channel_hears_of_what(notify: str, expected: list[str]) -> None:
    assert addresses(STOPPED, policy(notify), NoticeSettings("#all")) == expected


def test_what_is_about_no_policy_goes_to_the_deployments_channel() -> None:
    assert addresses(STOPPED, None, NoticeSettings("#all")) == ["slack:#all"]
    assert addresses(STOPPED, None, NoticeSettings("#all", frozenset({NoticeKind.ORPHAN}))) == []
    assert addresses(STOPPED, None, NoticeSettings()) == []
    assert addresses(STOPPED, None, NoticeSettings("#all"), slack=False) == []


def test_mail_and_the_webhook_get_what_they_were_set_up_for() -> None:
    started = Notice(NOON, NoticeKind.STARTED, None, "ready")

    assert addresses(STOPPED, None, EVERYWHERE) == [
        "slack:#all",
        "mail:a@example.com",
        "mail:b@example.com",
        "webhook:",
    ]
    assert addresses(started, None, EVERYWHERE) == ["slack:#all", "webhook:"]


def test_in_quiet_time_people_hear_nothing_until_it_ends_and_machines_at_once() -> None:
    ruling = policy('{channel: "#ml", quiet: [daily 22:00-07:00]}')

    found = {one.address: one.due_at for one in targets(STOPPED, ruling, EVERYWHERE, NIGHT)}

    assert found == {
        "slack:#ml": MORNING,
        "mail:a@example.com": MORNING,
        "mail:b@example.com": MORNING,
        "webhook:": NIGHT,
    }


def test_the_environment_says_where_notices_go() -> None:
    found = NoticeSettings.from_env({
        "LIFECYCLE_NOTICE_CHANNEL": "#ml",
        "LIFECYCLE_NOTICE_EVENTS": "stopped, orphan",
        "LIFECYCLE_MAIL_FROM": "from@example.com",
        "LIFECYCLE_NOTICE_MAIL_TO": "a@example.com,b@example.com",
        "LIFECYCLE_WEBHOOK_URL": "https://example.com/hook",
        "LIFECYCLE_WEBHOOK_SECRET": "arn",
    })  # fmt: skip

    assert (found.channel, found.events) == ("#ml", frozenset({NoticeKind.STOPPED, NoticeKind.ORPHAN}))
    assert found.mail == MailSettings("from@example.com", ("a@example.com", "b@example.com"))
    assert found.webhook == WebhookSettings("https://example.com/hook", "arn")
    assert NoticeSettings.from_env({}) == NoticeSettings()


def test_a_process_puts_down_delivers_or_does_neither() -> None:
    assert [Outbox.from_env(env) for env in ({}, {"LIFECYCLE_OUTBOX": "fill"}, {"LIFECYCLE_OUTBOX": "deliver"})] == [
        Outbox.OFF,
        Outbox.FILL,
        Outbox.DELIVER,
    ]
    with pytest.raises(ConfigurationError, match='LIFECYCLE_OUTBOX is "on": write off, fill or deliver'):
        Outbox.from_env({"LIFECYCLE_OUTBOX": "on"})


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"LIFECYCLE_NOTICE_CHANNEL": "ml"}, 'LIFECYCLE_NOTICE_CHANNEL is "ml": write a channel as #ml'),
        ({"LIFECYCLE_NOTICE_EVENTS": "stoped"}, 'LIFECYCLE_NOTICE_EVENTS: "stoped" is no kind of notice'),
        ({"LIFECYCLE_NOTICE_MAIL_TO": "a@example.com"}, "LIFECYCLE_MAIL_FROM is not set"),
        (
            {"LIFECYCLE_NOTICE_MAIL_TO": "ada", "LIFECYCLE_MAIL_FROM": "f@example.com"},
            'LIFECYCLE_NOTICE_MAIL_TO: "ada" is no mail address',
        ),
        ({"LIFECYCLE_WEBHOOK_URL": "http://example.com"}, 'LIFECYCLE_WEBHOOK_URL is "http://example.com"'),
        ({"LIFECYCLE_WEBHOOK_URL": "https://u:p@example.com"}, "LIFECYCLE_WEBHOOK_URL is"),
        ({"LIFECYCLE_WEBHOOK_URL": "https://example.com"}, "LIFECYCLE_WEBHOOK_SECRET is not set"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_write(env: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said.replace(".", r"\.")):
        NoticeSettings.from_env(env)
