"""The layer that the weekly report's function carries: whole enough to write one, and needed by no other function."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.chalice_package import ROOT
from support.layer import layer_files

IMPORTED_ONLY_THERE = ("pandas", "duckdb", "matplotlib", "jinja2", "css_inline", "xlsxwriter", "reports")


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
    for name, path in layer_files().items():
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
