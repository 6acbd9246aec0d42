"""A policy that counts on a signal which the deployment does not ask: said once, and known to the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from chalicelib.notify.notice import NoticeKind, Silence
from chalicelib.runtime.compose import build
from support.stage import Stage, staged

POLICY = """
lifecycle: v1
policies:
  dev:
    match: {tags: {environment: dev}}
    idle: {stop-after: 1h, signals: {ollama-ps: {}}}
    mode: enforce
"""
AT = "2026-11-18T12:00+09:00"


def doubts(stage: Stage) -> list[str]:
    return [one.text for one in stage.notices if one.kind is NoticeKind.POLICY_PROBLEM]


def redeployed(stage: Stage, *, probe_ollama: bool) -> None:
    settings = replace(stage.app.settings, probe_ollama=probe_ollama)
    stage.app = build(settings, stage.app.clients, stage.clock, notifier=Silence(), workers=1)


def test_a_signal_that_nobody_asks_is_told_once_by_however_many_containers(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY, at=AT) as stage:
        stage.sweep()
        redeployed(stage, probe_ollama=False)
        stage.sweep()

        assert doubts(stage) == [
            "dev: ollama-ps is named under idle.signals, but this deployment does not ask it, so it protects no stream "
            "(LIFECYCLE_PROBE_OLLAMA is not true)"
        ]


def test_it_is_told_again_when_the_deployment_ceases_to_ask(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY, at=AT) as stage:
        redeployed(stage, probe_ollama=True)
        stage.sweep()
        assert doubts(stage) == []

        redeployed(stage, probe_ollama=False)
        stage.sweep()
        stage.sweep()
        assert len(doubts(stage)) == 1


def test_leases_are_asked_by_no_deployment_yet_and_what_is_ignored_is_not_missed(tmp_path: Path) -> None:
    text = POLICY.replace("ollama-ps: {}", "leases: {}, ollama-ps: {ignore: true}, task-protection: {}")
    with staged(tmp_path, text, at=AT) as stage:
        stage.sweep()

        assert [one.partition(" is named")[0] for one in doubts(stage)] == ["dev: leases"]


def test_what_a_deployment_asks_costs_no_call_of_its_own(tmp_path: Path) -> None:
    def calls(stage: Stage) -> int:
        made: list[str] = []
        count: Callable[[str], None] = made.append
        with stage.while_calling(count):
            stage.sweep()
        return sum(one.startswith("dynamodb.") for one in made)

    with staged(tmp_path, POLICY, at=AT) as stage:
        stage.sweep()
        stage.sweep()
        before = calls(stage)
        redeployed(stage, probe_ollama=True)
        stage.sweep()
        stage.sweep()

        assert calls(stage) == before
        assert (kept := stage.app.policies_in_force.load()) and kept.asks == {"task-protection", "ollama-ps"}


def test_a_survey_tells_what_the_deployment_does_not_ask(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY, at=AT) as stage:
        assert stage.app.controller.survey(stage.clock.now()).unheard == ()  # nothing is deployed: nobody can tell
        stage.sweep()
        desk = build(stage.app.settings, stage.app.clients, stage.clock, notifier=Silence(), take_force=False)

        (said,) = desk.controller.survey(stage.clock.now()).unheard

        assert said.startswith("dev: ollama-ps is named under idle.signals")
