"""The instance that a path names: found for whom may see it, and as if it did not exist for everybody else."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from chalicelib.entrypoints.api.answering import _check_role
from chalicelib.entrypoints.api.discretion import discreet
from chalicelib.entrypoints.api.ownership import found
from chalicelib.entrypoints.api.routing import Needs, Route
from chalicelib.errors import Conflict, Forbidden, NotFound
from chalicelib.fleet.model import InstanceState
from chalicelib.fleet.people import Caller, Role

ADA = Caller("sub-ada", "ada@example.com", Role.USER)
BEN = Caller("sub-ben", "ben@example.com", Role.USER)
ROOT = Caller("sub-root", "root@example.com", Role.ADMIN)
RITA = Caller("sub-rita", "rita@example.com", Role.READ_ONLY)
NOTHING = "There is no instance of this name that you may see."


@dataclass
class Shelf:
    """Instances as `found` reads them."""

    there: dict[str, Any] = field(default_factory=dict)

    def put(
        self, id: str, owner: str = "sub-ada", model: str = "llama", state: InstanceState = InstanceState.RUNNING
    ) -> None:
        self.there[id] = SimpleNamespace(id=id, owner_sub=owner, model_id=model, state=state)

    def get(self, id: str) -> Any:
        if id not in self.there:
            raise NotFound("no row")
        return self.there[id]

    def all(self) -> list[Any]:
        return list(self.there.values())


@pytest.fixture
def shelf() -> Shelf:
    made = Shelf()
    made.put("i-1")
    made.put("i-2", owner="sub-ben", model="mistral")
    return made


def asked(shelf: Shelf, caller: Caller, id: str, needs: Needs = Needs.SEE, *, or_model: bool = False) -> str:
    route = Route("GET", "/x/{id}", lambda: print, needs, "", "", or_model=or_model)
    call: Any = SimpleNamespace(caller=caller, fleet=SimpleNamespace(instances=shelf))
    return str(found(route, call, {"id": id}).id)


def refused(kind: type[Exception], *arguments: Any, **more: Any) -> str:
    with pytest.raises(kind) as error:
        asked(*arguments, **more)
    return str(error.value)


def test_a_user_sees_their_own_and_admin_and_readonly_see_all(shelf: Shelf) -> None:
    assert [asked(shelf, who, "i-1") for who in (ADA, ROOT, RITA)] == ["i-1"] * 3
    assert refused(NotFound, shelf, BEN, "i-1") == NOTHING


@pytest.mark.parametrize("id", ["none", "i/1", "", "-1", "x" * 64, "i 1", "i-1\n"])
def test_what_is_not_there_and_what_is_no_name_are_told_alike(shelf: Shelf, id: str) -> None:
    assert refused(NotFound, shelf, ROOT, id) == NOTHING


def test_only_its_owner_and_admin_read_its_logs(shelf: Shelf) -> None:
    assert [asked(shelf, who, "i-1", Needs.READ_LOGS) for who in (ADA, ROOT)] == ["i-1"] * 2
    assert refused(Forbidden, shelf, RITA, "i-1", Needs.READ_LOGS) == "The logs of i-1 are for its owner and for Admin."
    assert refused(NotFound, shelf, BEN, "i-1", Needs.READ_LOGS) == NOTHING


def test_only_its_owner_and_admin_change_it(shelf: Shelf) -> None:
    assert [asked(shelf, who, "i-1", Needs.OWN) for who in (ADA, ROOT)] == ["i-1"] * 2
    assert refused(Forbidden, shelf, RITA, "i-1", Needs.OWN) == "i-1 belongs to somebody else."
    assert refused(NotFound, shelf, BEN, "i-1", Needs.OWN) == NOTHING


def test_a_models_name_means_the_one_instance_of_it_that_is_ones_own(shelf: Shelf) -> None:
    shelf.put("i-3", model="mistral")
    shelf.put("i-4", model="mistral", state=InstanceState.REMOVED)

    assert asked(shelf, ADA, "mistral", or_model=True) == "i-3"
    assert asked(shelf, BEN, "mistral", or_model=True) == "i-2"
    assert refused(NotFound, shelf, ROOT, "mistral", or_model=True) == NOTHING
    assert refused(NotFound, shelf, ADA, "mistral") == NOTHING
    shelf.put("i-5", model="mistral")
    assert refused(Conflict, shelf, ADA, "mistral", or_model=True) == (
        "You have 2 instances of mistral (i-3, i-5): name the one you mean."
    )


@pytest.mark.parametrize(
    ("needs", "may"),
    [
        (Needs.OPEN, (True, True, True)),
        (Needs.SELF, (True, True, True)),
        (Needs.READ, (True, True, True)),
        (Needs.SEE, (True, True, True)),
        (Needs.READ_LOGS, (True, True, True)),
        (Needs.WRITE, (True, True, False)),
        (Needs.OWN, (True, True, False)),
        (Needs.ADMIN, (True, False, False)),
    ],
)
def test_a_route_lets_the_roles_in_that_it_needs(needs: Needs, may: tuple[bool, bool, bool]) -> None:
    route = Route("GET", "/x", lambda: print, needs, "", "")

    for caller, allowed in zip((ROOT, ADA, RITA), may, strict=True):
        if allowed:
            _check_role(route, caller)
        else:
            with pytest.raises(Forbidden) as error:
                _check_role(route, caller)
            assert str(error.value) == f"Your role is {caller.role.value}, which may not do this."


def test_readonly_learns_no_address_but_its_own() -> None:
    text = "kept by ada@example.com and rita@example.com (asked: ben@example.com), see a@b"

    assert discreet(text, RITA) == "kept by somebody and rita@example.com (asked: somebody), see somebody"
    assert discreet(text, ADA) == text
    assert discreet(text, ROOT) == text
    assert discreet("nobody", RITA) == "nobody"
