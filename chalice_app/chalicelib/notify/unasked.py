"""What is said where a question could not be shown: silence means something only of people who were asked. Pure."""

from __future__ import annotations

from datetime import datetime

from chalicelib.controller.wording import without_an_answer
from chalicelib.notify.letters import asked_question_of
from chalicelib.notify.notice import Notice, NoticeKind
from chalicelib.record.outbox import Letter, Sort


def unasked(letter: Letter, trouble: str, now: datetime) -> Notice | None:
    """None unless the letter asks. It bears no policy: whose channel cannot be reached is told in the deployment's."""
    if letter.sort is not Sort.QUESTION:
        return None
    try:
        question = asked_question_of(letter.body)
    except (KeyError, TypeError, ValueError):
        return None
    if not question.is_pending:
        return None
    text = (
        f"{question.service}: nobody could be asked in {question.channel} whether to {question.action.says} "
        f"(policy {question.policy}): {trouble.rstrip('.')}; {without_an_answer(question)}"
    )
    return Notice(now, NoticeKind.POLICY_PROBLEM, question.service, text)
