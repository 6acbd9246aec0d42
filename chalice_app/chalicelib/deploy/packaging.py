"""Makes what is deployed, in a folder of its own: the functions' zip, its template, and the templates around it.

The same checkout and the same pinned wheels give the same bytes: Chalice writes no times into its zip, the bytecode
that is added has none, and templates are written in one order. Needs no account.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from chalicelib.deploy import templates
from chalicelib.errors import ConfigurationError

ZIP = "deployment.zip"
PLACE_OF_ZIP = f"./{ZIP}"
"""How Chalice's template names the zip beside it."""


def checkout() -> Path:
    """The folder with `cfn/` and `chalice_app/`. Raises ConfigurationError where the command was installed alone."""
    root = Path(__file__).resolve().parents[3]
    if not (root / "cfn" / templates.MAIN).is_file():
        raise ConfigurationError(
            f"There is no cfn/{templates.MAIN} in {root}: deploy from a clone of the repository, after `make setup`."
        )
    return root


def stages(root: Path) -> tuple[str, ...]:
    """What `--stage` may name."""
    return tuple(sorted(path.stem for path in (root / "cfn" / "stages").glob("*.toml")))


def package(root: Path, stage: str, out: Path, region: str) -> None:
    """Leaves in ``out`` the zip and every template. Raises ConfigurationError with the words of what failed."""
    with alone(root):
        _package_app(root, stage, out, region)
        gather(root, out)


def package_app(root: Path, stage: str, out: Path, region: str) -> None:
    """The application alone: its zip, with bytecode, and its template. Raises ConfigurationError."""
    with alone(root):
        _package_app(root, stage, out, region)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Waits until nobody else packages in this checkout: Chalice keeps its zips in one folder of it, and whoever finds
    one there that is still being written takes half of it."""
    import fcntl  # not at the top: no other command needs a system that has it

    kept = root / "chalice_app" / ".chalice" / "deployments"
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _package_app(root: Path, stage: str, out: Path, region: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    _forget_zips_of_other_versions(root)
    merged = ("--merge-template", "../cfn/app-resources.yaml")
    _run([_tool("chalice"), "package", "--stage", stage, *merged, str(out.resolve())], root / "chalice_app", region)
    _run([sys.executable, str(root / "cfn" / "packaging" / "bytecode.py"), str(out)], root, region)


def gather(root: Path, out: Path) -> None:
    """Puts the templates beside what Chalice packaged, the application's into `main.yaml`, the others as they are."""
    main = templates.with_app(templates.read(root / "cfn" / templates.MAIN), templates.read(out / templates.PACKAGED))
    for name in templates.nested(main).values():
        if name != templates.PACKAGED:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / "cfn" / name, out / name)
    shutil.copyfile(root / "cfn" / templates.US_EAST_1, out / templates.US_EAST_1)
    (out / templates.MAIN).write_text(templates.written(main), encoding="utf-8")


def files(out: Path) -> tuple[str, ...]:
    """The templates that belong together, `main.yaml` and what it nests first; the one of us-east-1 last."""
    main = templates.read(out / templates.MAIN)
    return (templates.MAIN, *templates.nested(main).values(), templates.US_EAST_1)


def lint(out: Path) -> None:
    """Raises ConfigurationError with what cfn-lint found."""
    _run([_tool("cfn-lint"), *(str(out / name) for name in files(out))], out, "us-east-1")


def _tool(name: str) -> str:
    """A command of the environment we run in."""
    beside = Path(sys.executable).parent / name
    if not beside.exists():
        raise ConfigurationError(f"{name} is not installed beside this Python: run `make setup` in the checkout.")
    return str(beside)


def _run(command: Sequence[str], folder: Path, region: str) -> None:
    set_before: Mapping[str, str] = os.environ
    environment = {"AWS_DEFAULT_REGION": region, **set_before}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = "\n".join(part.strip() for part in (done.stdout, done.stderr) if part.strip())
        raise ConfigurationError(f"{Path(command[0]).name} failed:\n{said[-4000:]}")


def _forget_zips_of_other_versions(root: Path) -> None:
    """Chalice keeps its zips by the content of requirements.txt and the code, and does not see constraints.txt."""
    changed = (root / "constraints.txt").stat().st_mtime
    for kept in (root / "chalice_app" / ".chalice" / "deployments").glob("*.zip"):
        if kept.stat().st_mtime < changed:
            kept.unlink(missing_ok=True)
