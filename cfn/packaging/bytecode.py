"""Puts bytecode into the zip that Chalice makes, so that Lambda need not compile at every cold start.

    python cfn/packaging/bytecode.py dist/prod        # after `chalice package … dist/prod`

The bytecode is of the unchecked kind (PEP 552): Python takes it without looking at the source's time, which unpacking
may change. The same zip in gives the same zip out, byte for byte: CloudFormation deploys what has a new hash. Adds
nothing when this interpreter is not the one that Lambda will run, because its bytecode would be ignored there.
"""

from __future__ import annotations

import importlib.util
import marshal
import os
import subprocess
import sys
import zipfile
from pathlib import Path

UNCHECKED = (1).to_bytes(4, "little")
"""The flags of a hash-based pyc that is never compared with its source."""
DEPLOYED_AT = "/var/task"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold, as Chalice writes it."""
LARGEST_UNPACKED = 250 * 1024 * 1024
"""Bytes; Lambda's limit."""


def add_bytecode(archive: Path) -> int:
    """How many modules were compiled. A file that is no Python 3 (some packages bring such templates) stays as it is.

    Raises ValueError when the zip would unpack to more than Lambda takes.
    """
    draft = archive.with_suffix(".draft")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as new:
        compiled = 0
        for one in sorted(old.infolist(), key=lambda one: one.filename):
            if one.filename.endswith(".pyc"):
                continue
            source = old.read(one)
            _put(new, one.filename, source, one.external_attr)
            if one.filename.endswith(".py") and (code := _compiled(one.filename, source)) is not None:
                _put(new, importlib.util.cache_from_source(one.filename), code, 0o644 << 16)
                compiled += 1
        size = sum(one.file_size for one in new.infolist())
    if size > LARGEST_UNPACKED:
        draft.unlink()
        raise ValueError(f"with bytecode the zip unpacks to {size:,} bytes; Lambda takes {LARGEST_UNPACKED:,}")
    draft.replace(archive)
    return compiled


def _put(archive: zipfile.ZipFile, name: str, content: bytes, attributes: int) -> None:
    info = zipfile.ZipInfo(name, LONG_AGO)
    info.external_attr = attributes
    archive.writestr(info, content, zipfile.ZIP_DEFLATED)


def _compiled(name: str, source: bytes) -> bytes | None:
    try:
        code = compile(source, f"{DEPLOYED_AT}/{name}", "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError):
        return None
    return importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(source) + marshal.dumps(code)


def runtimes(template: Path) -> set[str]:
    """Every Lambda runtime that the template names."""
    words = (line.strip().split() for line in template.read_text(encoding="utf-8").splitlines())
    return {line[1] for line in words if len(line) == 2 and line[0] == "Runtime:"}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 64
    if os.environ.get("PYTHONHASHSEED") != "0":
        # Sets among a module's constants are written in the order of their hashes: every run must have the same.
        again = [sys.executable, "-X", "utf8", __file__, *arguments]
        return subprocess.run(again, env=os.environ | {"PYTHONHASHSEED": "0"}, check=False).returncode
    folder = Path(arguments[0])
    ours, theirs = f"python{sys.version_info.major}.{sys.version_info.minor}", runtimes(folder / "sam.yaml")
    if theirs != {ours}:
        print(f"No bytecode added: this is {ours}, and Lambda will run {', '.join(sorted(theirs)) or 'nothing'}.")
        return 0
    archive = folder / "deployment.zip"
    count = add_bytecode(archive)
    print(f"Bytecode of {count} modules added: {archive} has {archive.stat().st_size:,} bytes.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
