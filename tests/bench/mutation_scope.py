"""Which rules the mutants are made of, and which tests have to notice them."""

from __future__ import annotations

FILES = {
    "decide": ("decide/*.py",),
    "guards": tuple(
        f"execute/{name}.py"
        for name in ("guards", "gate", "plan", "sizes", "doing", "executor", "moves", "resuming", "unrecorded")
    ),
    "access": (
        "fleet/people.py",
        "fleet/allowing.py",
        "fleet/yeses.py",
        "fleet/wishes.py",
        "fleet/identity/tokens.py",
        "fleet/identity/gate.py",
        "fleet/identity/lockout.py",
        "controller/answering.py",
        "entrypoints/api/ownership.py",
        "entrypoints/api/discretion.py",
        "entrypoints/api/answering.py",
        "entrypoints/slack/people.py",
        "entrypoints/slack/signature.py",
    ),
}
ONLY = {
    "fleet/wishes.py": ("_say", "_speaker", "owns", "may_start", "resume", "wake"),
    "entrypoints/api/answering.py": ("_answer", "_who", "_verified", "_check_role", "_view"),
}
"""Of files that do other things too, the functions in which it stands who may what."""
TESTS = (
    "tests/decide",
    "tests/execute/test_guards.py",
    "tests/execute/test_gate.py",
    "tests/execute/test_resuming.py",
    "tests/execute/test_hands.py",
    "tests/execute/test_moves.py",
    "tests/execute/test_plan.py",
    "tests/execute/test_planfile.py",
    "tests/execute/test_executor.py",
    "tests/execute/test_crashes.py",
    "tests/execute/test_what_is_left.py",
    "tests/execute/test_lock_left.py",
    "tests/execute/test_last_moment.py",
    "tests/controller/test_who_answers.py",
    "tests/fleet/test_allowing.py",
    "tests/fleet/identity",
    "tests/fleet/keeping/test_wishes.py",
    "tests/fleet/keeping/test_words_for_services.py",
    "tests/fleet/keeping/test_what_is_said.py",
    "tests/entrypoints/api/test_document.py",
    "tests/entrypoints/api/test_ownership.py",
    "tests/entrypoints/api/test_who_may_what.py",
    "tests/entrypoints/slack",
)
