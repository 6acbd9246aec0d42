"""The policies a run works with: read from the local folder or from S3, and judged by the loader.

Refuses to go on silently: a folder that is not there, an empty one and an unknown policy each get a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import Stop
from chalicelib.decide.words import listed

if TYPE_CHECKING:
    from chalicelib.policy.loader import Loaded
    from chalicelib.policy.model import Policy
    from chalicelib.policy.problems import Problem


@dataclass(frozen=True, slots=True)
class Book:
    """``texts``: the file's name as problems name it -> its text. ``where``: as the user wrote it."""

    loaded: Loaded
    texts: Mapping[str, str]
    where: str

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.loaded.problems if problem.is_error)

    def policy(self, name: str) -> Policy:
        """Raises Stop: unknown (with the nearest spelling), or known and wrong (with what is wrong)."""
        for policy in self.loaded.policies.policies:
            if policy.name == name:
                return policy
        if name in self.loaded.bad_policies:
            raise Stop(f'The policy "{name}" has errors: `lifecycle validate` shows them.')
        raise Stop(self.no_policy(name))

    def nearest(self, name: str) -> str | None:
        """The name of a policy that comes near."""
        from chalicelib.policy.problems import nearest_word

        return nearest_word(name, [policy.name for policy in self.loaded.policies.policies])

    def no_policy(self, name: str) -> str:
        names = [policy.name for policy in self.loaded.policies.policies]
        near = self.nearest(name)
        hint = f" Did you mean {near}?" if near else f" There is {listed(names)}." if names else ""
        return f'There is no policy "{name}" in {self.where}.{hint}'

    def show_problems(self, desk: Desk, problems: Sequence[Problem] | None = None) -> None:
        """All of them, or those given, on stderr, with a caret under each place."""
        from chalicelib.policy.problems import render

        for problem in self.loaded.problems if problems is None else problems:
            desk.paper.err(render(problem, self.texts.get(problem.file)))


def read_book(desk: Desk) -> Book:
    """Raises Stop when there are no policy files at all."""
    from chalicelib.policy.loader import load

    texts = read_texts(desk)
    return Book(load(texts, today=desk.now().date()), texts, desk.policies)


def read_folder_book(desk: Desk, folder: Path) -> Book:
    """The files of one local folder. Raises Stop when there are none."""
    from chalicelib.policy.loader import load, read_folder

    texts = {str(folder / name): text for name, text in read_folder(folder).items()}
    if not texts:
        raise Stop(f"No policy stands in {folder} (looked for *.yaml and *.yml).")
    return Book(load(texts, today=desk.now().date()), texts, str(folder))


def read_texts(desk: Desk) -> Mapping[str, str]:
    """Each file under the path its reader knows, so that problems can be clicked. Raises Stop where there is none."""
    from chalicelib.observe.policy_source import source_of

    must_be_there(desk)
    s3 = desk.aws().s3 if desk.policies.startswith("s3://") else None
    texts = source_of(desk.policies, s3).read({}).onto({})
    if not texts:
        raise Stop(f"No policy stands in {desk.policies} (looked for *.yaml and *.yml): `lifecycle init` writes one.")
    folder = desk.policies.rstrip("/")
    return {f"{folder}/{name}": text for name, text in texts.items()}


def must_be_there(desk: Desk) -> None:
    """Raises Stop when the policies are said to be in a folder that does not exist."""
    if not desk.policies.startswith("s3://") and not desk.policy_folder.is_dir():
        raise Stop(
            f"There is no folder {desk.policies}: `lifecycle init` writes a first policy there, or name yours with "
            "--policies DIR or --policies s3://BUCKET/policies."
        )
