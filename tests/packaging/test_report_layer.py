"""The layer that the weekly report's function carries: small enough, whole enough, and in no other function."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import report_layer
import yaml
from packaging.requirements import Requirement
from support.chalice_package import ROOT, package

IMPORTED_ONLY_THERE = ("pandas", "duckdb", "matplotlib", "jinja2", "css_inline", "xlsxwriter", "reports")


def _distributions() -> Iterator[importlib.metadata.Distribution]:
    """What pip would install for the layer: its requirements and theirs."""
    waiting, seen = list(report_layer.REQUIREMENTS), set[str]()
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        found = importlib.metadata.distribution(name)
        yield found
        needs = [Requirement(one) for one in found.requires or ()]
        waiting += [one.name for one in needs if one.marker is None or one.marker.evaluate({"extra": ""})]


def _files() -> dict[str, Path]:
    held = {str(file): Path(str(file.locate())) for found in _distributions() for file in found.files or ()}
    return {name: path for name, path in held.items() if report_layer.is_needed(name) and path.is_file()}


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def functions(packaged: Path) -> dict[str, Any]:
    resources = yaml.safe_load((packaged / "sam.yaml").read_text())["Resources"]
    return {name: one["Properties"] for name, one in resources.items() if one["Type"].endswith("Serverless::Function")}


def test_the_application_and_the_layer_together_stay_below_lambdas_limit(packaged: Path) -> None:
    layer = sum(path.stat().st_size for path in _files().values())
    application = report_layer.unpacked(packaged / "deployment.zip")
    assert layer > 100 * 1024 * 1024, "nothing was found"
    assert layer + application < report_layer.LARGEST_UNPACKED


def test_only_the_function_that_writes_reports_carries_the_layer(functions: dict[str, Any]) -> None:
    carrying = {name for name, one in functions.items() if one.get("Layers")}
    assert carrying == {"WeeklyReport"}
    report = functions["WeeklyReport"]
    assert report["Layers"] == {"Fn::If": ["HasReportLayer", [{"Ref": "ReportLayer"}], {"Ref": "AWS::NoValue"}]}
    assert report["EphemeralStorage"]["Size"] >= 1024
    assert report["MemorySize"] >= 1024


def test_the_report_is_asked_for_in_every_hour_in_which_somewhere_it_is_monday(functions: dict[str, Any]) -> None:
    event = functions["WeeklyReport"]["Events"]["WeeklyReportEvent"]["Properties"]
    assert event["Schedule"] == "cron(0 * ? * SUN-TUE *)"
    assert functions["WeeklyReport"]["ReservedConcurrentExecutions"] == 1


def test_no_other_function_imports_what_is_only_in_the_layer() -> None:
    told = f"import app, sys; print([name for name in {IMPORTED_ONLY_THERE!r} if name in sys.modules])"
    path = os.pathsep.join([str(ROOT / "chalice_app"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", told], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_report_can_be_written_with_nothing_but_the_layer(tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    for name, path in _files().items():
        (layer / name).parent.mkdir(parents=True, exist_ok=True)
        (layer / name).symlink_to(path)
    told = (
        "from support.weekly_sample import sample; from reports.writing import forms, write; import pathlib, sys;"
        "from reports.sources.focus import FocusFiles;"
        "print(write(forms(sample(), 'ja'), pathlib.Path(sys.argv[1]), 'report'))"
    )
    ours = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests")]
    application = [str(Path(str(importlib.metadata.distribution("pydantic").locate_file(""))))]
    done = subprocess.run(
        [sys.executable, "-S", "-c", _only(layer, application, told), str(tmp_path / "out")],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(layer), *ours])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "days.png").read_bytes().startswith(b"\x89PNG")


def _only(layer: Path, application: list[str], told: str) -> str:
    """The application's own packages come from this environment; those of the layer must not."""
    names = sorted({path.name.split(".")[0] for path in layer.iterdir()} - {"six", "packaging", "dateutil"})
    return (
        "import sys\n"
        "class Guard:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name in {names!r} and path is None:\n"
        "            import importlib.machinery\n"
        f"            found = importlib.machinery.PathFinder.find_spec(name, [{str(layer)!r}])\n"
        "            if found is None: raise ModuleNotFoundError(name)\n"
        "            return found\n"
        "sys.meta_path.insert(0, Guard())\n"
        f"sys.path += {application!r}\n"
        f"{told}\n"
    )
