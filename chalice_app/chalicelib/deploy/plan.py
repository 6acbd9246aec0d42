"""One deployment before it touches the account: the stage, the package, and which stack gets which parameter."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from chalicelib.deploy import choosing, packaging, room, templates
from chalicelib.deploy.choosing import Chosen
from chalicelib.errors import ConfigurationError

HOME_OF_BILLS = "us-east-1"
"""Where AWS has Cost Explorer's events, exports of the bill, and certificates for CloudFront."""

FROM_US_EAST_1 = {
    "ConsoleCertificateArn": "ConsoleCertificate",
    "ExportBucketName": "ExportBucket",
    "ExportLocation": "ExportLocation",
}
"""Outputs of that stack, and the parameters of the other that they become where nobody set them."""

OURS = frozenset({"StackRegion", "StackName", "ConsoleDomain"})
"""Of the stack in us-east-1: they follow from --region, --stack and DomainName."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``wanted``: what the stage's file and the command line set, by name. ``out``: where the package is made."""

    root: Path
    stage: str
    name: str
    wanted: Mapping[str, str]
    us_east_1: bool

    @property
    def out(self) -> Path:
        return self.root / "dist" / self.stage

    @property
    def us_name(self) -> str:
        return f"{self.name}-us-east-1"

    def package(self, region: str) -> None:
        packaging.package(self.root, self.stage, self.out, region)

    def check(self) -> None:
        """Lints every template, and every value against the templates. Raises ConfigurationError."""
        self.choose({})
        self.us_choose("ap-northeast-1", {}, {})
        packaging.lint(self.out)

    def templates(self) -> tuple[str, ...]:
        return packaging.files(self.out)

    def zip_size_and_digest(self) -> tuple[int, str]:
        content = (self.out / packaging.ZIP).read_bytes()
        return len(content), sha256(content).hexdigest()

    def must_fit(self, functions: Any) -> None:
        """Raises ConfigurationError where Lambda has no room for the places that the functions reserve."""
        room.must_have_room(functions, room.places(templates.read(self.out / templates.PACKAGED)))

    def notes(self) -> tuple[str, ...]:
        return self.choose({}).notes

    # --- parameters

    def choose(self, has: Mapping[str, str]) -> Chosen:
        """For `main.yaml`; ``has`` is what its stack was made with. Raises ConfigurationError."""
        takes = templates.parameters(templates.read(self.out / templates.MAIN))
        return choosing.choose(takes, self.wanted, has)

    def us_template(self) -> str:
        return (self.root / "cfn" / templates.US_EAST_1).read_text(encoding="utf-8")

    def us_choose(self, region: str, has: Mapping[str, str], here: Mapping[str, str]) -> Chosen:
        """For `us-east-1.yaml`. ``has``: what its stack was made with; ``here``: what the other one was, in which a
        name and its zone may stand since an earlier run. Raises ConfigurationError."""
        takes = templates.parameters(templates.read(self.root / "cfn" / templates.US_EAST_1))
        whole = {**here, **self.wanted}
        proof = {"ConsoleDomain": whole.get("DomainName", ""), "HostedZoneId": whole.get("HostedZoneId", "")}
        console = proof if all(proof.values()) else {}
        wanted = {**self.wanted, **console, "StackRegion": region, "StackName": self.name}
        return choosing.choose(takes, wanted, has)

    def given_by_us(self, outputs: Mapping[str, str], chosen: Chosen) -> Mapping[str, str]:
        """What the stack in us-east-1 made for the other, where nobody set another."""
        return {
            name: outputs[output]
            for output, name in FROM_US_EAST_1.items()
            if output in outputs and name not in chosen.given
        }

    def with_given(self, chosen: Chosen, given: Mapping[str, str]) -> Chosen:
        kept = tuple(name for name in chosen.kept if name not in given)
        return replace(chosen, given={**chosen.given, **given}, kept=kept)

    # --- what the account sees of it

    def label(self, now: datetime) -> str:
        return f"lifecycle-{now:%Y%m%d-%H%M%S}"

    def tags(self) -> Mapping[str, str]:
        return {"application": "ollama-lifecycle", "stage": self.stage}


def prepare(stage: str, name: str, sets: Iterable[str], *, here_alone: bool) -> Plan:
    """Reads the stage and the command line; refuses names that no template knows. Raises ConfigurationError."""
    root = packaging.checkout()
    if stage not in packaging.stages(root):
        raise ConfigurationError(
            f'There is no stage "{stage}": cfn/stages/ has {", ".join(packaging.stages(root))}. Copy one of them, and '
            "its part of chalice_app/.chalice/config.json."
        )
    said = choosing.read_words(sets)
    wanted = {**choosing.read_stage(root / "cfn" / "stages" / f"{stage}.toml"), **said}
    known = settable(root)
    choosing.check_names(wanted, known, _set_by_ourselves(root, known))
    choosing.choose(known, wanted, known)
    if here_alone and (lost := sorted(said.keys() - _here(root).keys())):
        raise ConfigurationError(f"{lost[0]} is of the stack in {HOME_OF_BILLS}, which --only-here leaves out.")
    return Plan(root, stage, name, wanted, us_east_1=not here_alone)


def settable(root: Path) -> Mapping[str, templates.Parameter]:
    """What a person may set: what either stack takes, the application's parameters too where nobody sets them."""
    there = templates.parameters(templates.read(root / "cfn" / templates.US_EAST_1))
    return {name: one for name, one in {**there, **_here(root)}.items() if name not in OURS}


def _here(root: Path) -> Mapping[str, templates.Parameter]:
    main, app = (templates.read(root / "cfn" / name) for name in (templates.MAIN, templates.APP_RESOURCES))
    return templates.parameters(templates.with_app(main, app))


def _set_by_ourselves(root: Path, known: Mapping[str, templates.Parameter]) -> Collection[str]:
    """What a template takes and a person may not set: it follows from something else."""
    app = templates.parameters(templates.read(root / "cfn" / templates.APP_RESOURCES))
    return (app.keys() | OURS) - known.keys()
