"""Makes the layer of the one function that writes reports: pandas, DuckDB, matplotlib and what they need.

    python cfn/packaging/report_layer.py dist/report-layer.zip --beside dist/prod/deployment.zip

Wheels are those of Lambda's platform, in the versions of constraints.txt. What nothing runs (tests, headers, type
stubs, sample data, the font tools beyond what matplotlib imports) is left out: whole, the layer would not fit
beside the application. Chalice publishes no layer of this size: upload it to S3 and publish it from there (README).
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

REQUIREMENTS = ("css-inline", "duckdb", "jinja2", "matplotlib", "pandas", "xlsxwriter")
LARGEST_UNPACKED = 250 * 1024 * 1024
"""Bytes of a function with all its layers: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
LONG_AGO = (1980, 1, 1, 0, 0, 0)
ROOT = Path(__file__).resolve().parents[2]

_NOT_RUN = re.compile(
    r"(^|/)(tests?|testing/tests|__pycache__|sample_data|include|f2py)/"
    r"|\.(pyi|pyc|h|a|pxd|pyx|exe)$"
    r"|^bin/|^share/|^\.\./"
    r"|mpl-data/fonts/(afm|pdfcorefonts)/"
    r"|\.dist-info/(?!METADATA$)"
)
_FONT_TOOLS = re.compile(r"^fontTools/((__init__|agl)|misc/[A-Za-z]+|misc/__init__)\.py$")


def is_needed(name: str) -> bool:
    """``name`` is a path inside site-packages, with slashes."""
    if name.startswith("fontTools/"):
        return _FONT_TOOLS.match(name) is not None
    return _NOT_RUN.search(name) is None


def install(into: Path, platform: str) -> None:
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile",
        "--target", str(into), "--only-binary", ":all:", "--platform", platform,
        "--constraint", str(ROOT / "constraints.txt"), *REQUIREMENTS,
    ]  # fmt: skip
    subprocess.run(command, check=True)


def needed(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and is_needed(name):
            yield name, path


def pack(folder: Path, archive: Path) -> int:
    """Bytes that it unpacks to. The same files make the same zip."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for name, path in needed(folder):
            info = zipfile.ZipInfo(f"python/{name}", LONG_AGO)
            info.external_attr = 0o644 << 16
            content = path.read_bytes()
            size += len(content)
            out.writestr(info, content, zipfile.ZIP_DEFLATED)
    return size


def unpacked(archive: Path) -> int:
    with zipfile.ZipFile(archive) as held:
        return sum(one.file_size for one in held.infolist())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--beside", type=Path, help="the application's zip, which must fit beside it")
    parser.add_argument("--platform", default="manylinux2014_x86_64", help="manylinux2014_aarch64 for arm64 functions")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder), given.platform)
        size = pack(Path(folder), given.archive)
    whole = size + (unpacked(given.beside) if given.beside else 0)
    print(f"{given.archive}: {given.archive.stat().st_size:,} bytes, {size:,} unpacked, {whole:,} with the application")
    if whole > LARGEST_UNPACKED:
        print(f"Lambda takes {LARGEST_UNPACKED:,} bytes of a function with its layers.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
