"""Who may say what of a service, by policy, role and hour: each refusal in its own words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chalicelib.controller import wording
from chalicelib.decide.facts import Override, OverrideKind, Switches
from chalicelib.errors import Forbidden, NotAllowed, Unfit
from chalicelib.fleet.allowing import Permission, Speaker, check_person, check_word, may_start, ruling_of
from chalicelib.fleet.people import Caller, Role, role_of
from chalicelib.fleet.yeses import Yeses
from chalicelib.policy.model import PolicySet
from chalicelib.record.approval import Question
from chalicelib.record.controls import ControlState
from support.observations import HOUR, MINUTE, VISION, at, service
from support.policies import policy_set
from support.questions import question

NOON, NIGHT = at("2026-11-18T12:00"), at("2026-11-18T21:00")
OFFICE = """
policies:
  office:
    match: {tags: {environment: dev}}
    owner: ada@example.com
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
    mode: enforce
"""
DEV = service(tags={"environment": "dev"})
ADA = Speaker("ada@example.com", is_admin=False, owns=True)
BEN = Speaker("ben@example.com", is_admin=False, owns=False)
ROOT = Speaker("root@example.com", is_admin=True, owns=False)


def office(more: str = "", *, after: str = "") -> PolicySet:
    lines = "".join(f"    {line}\n" for line in more.split("\n") if line)
    return policy_set(OFFICE.rstrip() + "\n" + lines + after)


def said_by(refused: pytest.ExceptionInfo[Exception]) -> str:
    return str(refused.value)


def allowed(policies: PolicySet, who: Speaker = ADA, **more: object) -> Permission:
    given: dict[str, object] = {"now": NIGHT, "switches": Switches(), "facts": DEV, **more}
    facts, now = given.pop("facts"), given.pop("now")
    return may_start(policies, facts, who, now, **given)  # type: ignore[arg-type]


def test_the_policy_that_governs_a_service_carries_a_word_out() -> None:
    assert ruling_of(office(), DEV, OverrideKind.KEEP).name == "office"


def test_where_nobody_would_carry_a_word_out_it_is_refused_with_the_reason() -> None:
    shadow = policy_set(OFFICE.replace("enforce", "dry-run"))
    theirs = OFFICE.replace("policies:\n", "").replace("office:", "other:").replace("environment: dev", "team: lab")
    twin, both = policy_set(OFFICE.rstrip() + theirs), service(tags={"environment": "dev", "team": "lab"})
    cases = {
        "No policy in force matches gpu-dev/ollama-vision, so nobody would carry this out: nearest policy office: "
        "no tag environment, wanted environment=dev.": (office(), service()),
        "office and other are tied for gpu-dev/ollama-vision: nobody acts on it.": (twin, both),
        "Only office matches gpu-dev/ollama-vision, and it is in dry-run: nothing is started or stopped until it says "
        "`mode: enforce` (`lifecycle promote office`).": (shadow, DEV),
    }
    for said, (policies, facts) in cases.items():
        with pytest.raises(NotAllowed) as refused:
            ruling_of(policies, facts, OverrideKind.KEEP)
        assert said_by(refused) == said
    assert ruling_of(shadow, DEV, OverrideKind.EXCLUDE).name == "office"
    with pytest.raises(NotAllowed, match="so nobody would carry this out"):
        ruling_of(office(), service(), OverrideKind.EXCLUDE)


def test_a_service_whose_tag_does_not_parse_is_left_alone_by_everybody() -> None:
    tagged = service(tags={"environment": "dev", "lifecycle:hours": "whenever"})
    policies = office("overrides: {service-tags: [hours]}")

    with pytest.raises(NotAllowed) as refused:
        ruling_of(policies, tagged, OverrideKind.KEEP)

    assert said_by(refused).startswith("gpu-dev/ollama-vision is left alone by everybody: ")
    assert "lifecycle:hours" in said_by(refused)


@pytest.mark.parametrize(
    ("allow", "kind", "verb", "said"),
    [
        ("[keep]", OverrideKind.STOP, "stop", "overrides.allow has keep, `stop` needs stop."),
        ("[stop]", OverrideKind.KEEP, "start", "overrides.allow has stop, `start` needs keep."),
        ("[]", OverrideKind.KEEP, "keep", "overrides.allow has none, `keep` needs keep."),
    ],
)
def test_a_word_that_the_policy_does_not_allow_is_refused(allow: str, kind: OverrideKind, verb: str, said: str) -> None:
    ruling = office(f"overrides: {{allow: {allow}}}").policies[0]

    with pytest.raises(NotAllowed) as refused:
        check_word(ruling, kind, None, NOON, verb=verb)

    assert said_by(refused) == f"the policy office ({ruling.source}) does not allow this: {said}"


def test_a_word_may_last_as_long_as_the_policy_says_and_no_longer() -> None:
    ruling = office("overrides: {longest: 3h}").policies[0]

    check_word(ruling, OverrideKind.KEEP, NOON + 3 * HOUR, NOON, verb="keep")
    check_word(ruling, OverrideKind.STOP, None, NOON, verb="stop")
    with pytest.raises(NotAllowed) as refused:
        check_word(ruling, OverrideKind.KEEP, NOON + 3 * HOUR + MINUTE, NOON, verb="keep")
    assert said_by(refused) == (
        f"3 h 1 min is too long: the policy office ({ruling.source}) allows at most 3 h (overrides.longest)."
    )


@pytest.mark.parametrize(
    ("by", "heard"),
    [
        ("[anyone]", (True, True, True)),
        ("[owner, admin]", (True, False, True)),
        ("[owner]", (True, False, False)),
        ("[admin]", (False, False, True)),
    ],
)
def test_a_policy_hears_whom_it_names(by: str, heard: tuple[bool, bool, bool]) -> None:
    ruling = office(f"overrides: {{by: {by}}}").policies[0]

    for speaker, may in zip((ADA, BEN, ROOT), heard, strict=True):
        if may:
            check_person(ruling, speaker)
        else:
            with pytest.raises(Forbidden):
                check_person(ruling, speaker)


def test_who_is_not_heard_is_told_whose_word_it_takes() -> None:
    owners = office("overrides: {by: [owner]}").policies[0]
    nobodys = owners.model_copy(update={"owner": None})
    both = office().policies[0]
    where = f"the policy office ({owners.source})"

    for ruling, said in (
        (owners, f"You are ben@example.com: {where} leaves this to its owner, ada@example.com."),
        (nobodys, f"You are ben@example.com: {where} leaves this to its owner, who is not named."),
        (both, f"You are ben@example.com: {where} leaves this to owner and admin (overrides.by)."),
    ):
        with pytest.raises(Forbidden) as refused:
            check_person(ruling, BEN)
        assert said_by(refused) == said


def test_in_open_hours_a_start_needs_no_word() -> None:
    policies = office()

    assert allowed(policies, BEN, now=NOON) == Permission("office", policies.policies[0].version)


def test_in_closed_hours_a_start_is_a_keep_that_ends() -> None:
    policies, short = office(), office("overrides: {longest: 30m}")

    found = allowed(policies)

    assert found == Permission("office", policies.policies[0].version, NIGHT + 2 * HOUR)
    assert allowed(short).keep_until == NIGHT + 30 * MINUTE


def test_where_the_policy_wants_a_yes_the_permission_says_so() -> None:
    asking = office("approval: {for: [start-when-closed], ask: '#ops', approvers: ['group:leads']}")
    other = office("approval: {for: [idle-stop], ask: '#ops', approvers: ['group:leads']}")

    assert allowed(asking).needs_yes
    assert not allowed(other).needs_yes


@pytest.mark.parametrize(
    ("more", "who", "kind", "why"),
    [
        ("", BEN, Forbidden, "You are ben@example.com: {where} leaves this to owner and admin (overrides.by)."),
        (
            "overrides: {allow: [stop]}",
            ADA,
            NotAllowed,
            "{where} does not allow this: overrides.allow has stop, `start` needs keep.",
        ),
    ],
)
def test_a_start_in_closed_hours_that_is_refused_names_the_next_opening(
    more: str, who: Speaker, kind: type[Exception], why: str
) -> None:
    policies = office(more)
    where = f"the policy office ({policies.policies[0].source})"

    with pytest.raises(kind) as refused:
        allowed(policies, who)

    assert said_by(refused) == f"{where} is closed until Thu 19 Nov 08:00 JST. {why.format(where=where)}"


def test_a_request_alone_opens_nothing() -> None:
    policies = office()

    with pytest.raises(NotAllowed) as refused:
        allowed(policies, by_request=True)

    assert said_by(refused) == (
        f"the policy office ({policies.policies[0].source}) is closed until Thu 19 Nov 08:00 JST: "
        "a request alone opens nothing; say until when to keep it running."
    )
    assert allowed(policies, now=NOON, by_request=True).keep_until is None


def test_while_everything_is_frozen_nothing_is_started() -> None:
    for switches, said in (
        (Switches("rei", "audit."), "Everything is frozen by rei: audit; nothing is started until that ends."),
        (Switches("rei"), "Everything is frozen by rei; nothing is started until that ends."),
    ):
        with pytest.raises(NotAllowed) as refused:
            allowed(office(), ROOT, now=NOON, switches=switches)
        assert said_by(refused) == said


def test_a_freeze_of_starts_holds_them_from_its_begin_until_its_end() -> None:
    span = "from: 2026-11-18T12:00+09:00, to: 2026-11-18T13:00+09:00"
    frozen = office(after=f"freezes: [{{name: launch, {span}, hold: [start], reason: launch week.}}]\n")
    stops = office(after=f"freezes: [{{name: launch, {span}, hold: [stop], reason: launch week.}}]\n")

    for now in (NOON, NOON + HOUR - MINUTE):
        with pytest.raises(NotAllowed) as refused:
            allowed(frozen, now=now)
        assert said_by(refused) == "The freeze launch holds every start until Wed 18 Nov 13:00 JST: launch week."
    for now in (NOON - MINUTE, NOON + HOUR):
        assert allowed(frozen, now=now).policy == "office"
    assert allowed(stops, now=NOON).policy == "office"


def test_what_nobody_could_stop_is_not_started() -> None:
    listed = office(after="never-touch: [{names: [ollama-*], reason: paid SLA}]\n")

    with pytest.raises(NotAllowed) as refused:
        allowed(listed, now=NOON)

    assert said_by(refused) == (
        "gpu-dev/ollama-vision would be on the never-touch list, and nobody could stop it: paid SLA."
    )


def test_a_schedule_policy_has_to_be_the_one_that_rules() -> None:
    policies = office()

    assert allowed(policies, now=NOON, schedule_policy="office").policy == "office"
    for name, facts, said in (
        ("nights", DEV, 'There is no policy "nights"; there are: office.'),
        (
            "office",
            service(),
            "The policy office does not rule a service like this: nobody would rule it. Which policy "
            "rules is decided by `match`.",
        ),
    ):
        with pytest.raises(Unfit) as refused:
            allowed(policies, now=NOON, facts=facts, schedule_policy=name)
        assert said_by(refused) == said
        assert refused.value.field == "schedule_policy"


def test_another_policy_than_the_named_one_is_named_too() -> None:
    two = office(after="  weekend:\n    match: {tags: {environment: test}}\n    mode: enforce\n")

    with pytest.raises(Unfit) as refused:
        allowed(two, now=NOON, schedule_policy="weekend")

    assert said_by(refused) == (
        "The policy weekend does not rule a service like this: office would rule it. "
        "Which policy rules is decided by `match`."
    )
    with pytest.raises(Unfit, match="there are: none"):
        allowed(PolicySet(), now=NOON, schedule_policy="weekend")
    with pytest.raises(Unfit, match="there are: office, weekend"):
        allowed(two, now=NOON, schedule_policy="none")


def test_roles_say_who_sees_knows_and_changes_what() -> None:
    """Admin all; User their own; ReadOnly sees all, knows and changes nothing of others."""
    admin, user, reader = (Caller("me", "me@example.com", role) for role in (Role.ADMIN, Role.USER, Role.READ_ONLY))

    rights = {
        caller.role: [
            getattr(caller, right)(owner) for right in ("may_see", "may_know", "may_change") for owner in ("me", "you")
        ]
        for caller in (admin, user, reader)
    }

    assert rights[Role.ADMIN] == [True] * 6
    assert rights[Role.USER] == [True, False, True, False, True, False]
    assert rights[Role.READ_ONLY] == [True, True, True, False, False, False]
    assert [caller.role.may_write for caller in (admin, user, reader)] == [True, True, False]
    assert [caller.is_admin for caller in (admin, user, reader)] == [True, False, False]
    assert (str(user), str(replace(user, email=""))) == ("me@example.com", "me")


def test_the_strongest_group_is_the_role_and_a_strange_one_is_none() -> None:
    assert role_of(["ReadOnly", "Admin", "User"]) is Role.ADMIN
    assert role_of(["ReadOnly", "User"]) is Role.USER
    assert role_of(["leads"]) is None
    assert role_of([]) is None


def test_where_nobody_can_be_asked_what_needs_a_yes_is_not_allowed() -> None:
    asking = office("approval: {for: [remove], ask: '#ops', approvers: ['group:leads']}")
    nobody, caller = Yeses(None), Caller("sub-ada", "ada@example.com", Role.USER)

    with pytest.raises(NotAllowed) as refused:
        nobody.ask_to_remove(DEV, asking, caller, "", NOON)

    assert said_by(refused) == "office wants a yes to this (approval.for), and nobody can be asked here."
    assert nobody.ask_to_remove(DEV, office(), caller, "", NOON) is None
    assert nobody.ask_to_remove(service(), asking, caller, "", NOON) is None


class Asking:
    """Answers every question with one of its own, and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def ask_to_launch(self, *what: object) -> Question:
        self.asked.append(what)
        return question()

    def ask_to_remove(self, *what: object) -> Question:
        self.asked.append(what)
        return question(id="apr-remove")


def test_a_launch_in_closed_hours_waits_for_a_yes_that_is_the_persons_own() -> None:
    caller, asking, ruling = Caller("sub-ada", "ada@example.com", Role.USER), Asking(), office().policies[0]
    yeses = Yeses(asking)  # type: ignore[arg-type]
    kept = Override("apr-1", VISION, OverrideKind.KEEP, NIGHT, "lea", "", NOON)
    elsewhere = replace(kept, service=replace(VISION, name="other"))
    words = (replace(kept, id="w-1"), replace(kept, kind=OverrideKind.STOP), elsewhere)

    def stand(*overrides: Override, by: Yeses = yeses) -> None:
        said = ControlState(overrides)
        by.must_stand_for_launch(DEV, ruling, caller, NIGHT, said, NOON)

    stand(kept)
    stand(*words, kept)
    assert asking.asked == []
    with pytest.raises(NotAllowed) as refused:
        stand(*words)
    assert asking.asked == [(DEV, ruling, caller, NIGHT, NOON)]
    assert said_by(refused) == (
        f"Hours are closed: {wording.first_word(question())}. "
        "After a yes, send the same request again, with the same idempotency key."
    )
    with pytest.raises(NotAllowed) as refused:
        stand(by=Yeses(None))
    assert said_by(refused) == "office wants a yes to this (approval.for), and nobody can be asked here."


def test_people_are_asked_about_a_removal_where_the_policy_wants_it() -> None:
    rules = office("approval: {for: [remove], ask: '#ops', approvers: ['group:leads']}")
    caller, asking = Caller("sub-ada", "ada@example.com", Role.USER), Asking()

    found = Yeses(asking).ask_to_remove(DEV, rules, caller, "old", NOON)  # type: ignore[arg-type]

    assert found is not None
    assert found.id == "apr-remove"
    assert asking.asked == [(DEV, rules.policies[0], caller, "old", NOON)]
