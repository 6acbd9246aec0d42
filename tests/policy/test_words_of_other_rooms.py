"""Closed lists that the language shares with rooms it may not import."""

from __future__ import annotations

from typing import get_args

from chalicelib.decide.decision import Because
from chalicelib.decide.facts import SignalName
from chalicelib.notify.notice import NoticeKind
from chalicelib.policy.sections.expectations import BecauseWord
from chalicelib.policy.sections.idle import SignalWord
from chalicelib.policy.sections.terms import NoticeWord


def test_the_words_a_policy_may_write_are_the_words_the_program_speaks() -> None:
    assert set(get_args(NoticeWord)) == {kind.value for kind in NoticeKind}
    assert set(get_args(SignalWord)) == {name.value for name in SignalName}
    assert set(get_args(BecauseWord)) == {because.value for because in Because}
