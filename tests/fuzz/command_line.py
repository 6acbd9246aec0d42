"""The border of the command line: the files that people hand to it, and the words they type.

Every ending is one of ours with a sentence on stderr; a traceback, a "fault of its own" or a change of the fleet is a
crash. No word here says --yes, so nothing may be done.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from chalicelib.cli.exits import Exit
from chalicelib.cli.main import ENTRIES, lifecycle
from fuzz.hunt import Border, Take
from fuzz.mutations import bytes_near, odd_texts, texts_near, trees_near
from fuzz.policy_files import SEEDS as POLICIES
from hypothesis import strategies as st
from support.cli_account import TABLE, Account, account
from support.cli_evening import ENFORCED, EVENING

OURS = tuple(sorted(set(ENTRIES) - {"demo", "up", "deploy", "remove", "report", "support-bundle", "doctor", "init"}))
"""Commands that only look here: the others build, download, pack or serve, and have tests of their own."""
FILE = "FILE"
"""In the place of the file's path, which is known when the room is made."""

TRACES = (
    "time,seconds,service\n2026-11-18T09:00:00+09:00,12.5,chat\n2026-11-18T09:05:00+09:00,3,chat\n",
    "1795132800\n1795132830\n",
    'h2 2026-11-18T01:00:10.000000Z app/lb/1 192.0.2.1:4 10.0.0.1:80 0.0 9.0 0.0 200 200 9 9 "POST https://x:443/ '
    'HTTP/2.0" "curl" ECDHE TLSv1.2 arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/chat/73e2 "Root=1" "x" '
    '"arn" 0 2026-11-18T01:00:00.000000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"\n',
)
CUSTODIAN = (
    "vars:\n  tz: &tz et\npolicies:\n  - name: ec2-off\n    resource: ec2\n    filters:\n      - type: offhour\n"
    "        tag: custodian_downtime\n        default_tz: *tz\n        offhour: 19\n        weekends: false\n"
    "        opt-out: true\n        skip-days: ['2026-12-25']\n    actions: [stop]\n",
    "off=(M-F,19);on=(M-F,7);tz=pt\noff=[(M-H,18),(F,16)];tz=utc\n",
)
SCHEDULER = (
    json.dumps([
        {"type": "period", "name": "office", "begintime": "09:00", "endtime": "17:00", "weekdays": ["mon-fri"]},
        {"type": "period", "name": "q", "months": ["jan/3"], "monthdays": ["1-7", "L"], "weekdays": ["mon#1"]},
        {"type": "schedule", "name": "s", "periods": ["office", "q"], "timezone": "Europe/Rome"},
    ]),
    json.dumps({"Items": [
        {"type": {"S": "period"}, "name": {"S": "p"}, "begintime": {"S": "9:00"}, "weekdays": {"SS": ["mon"]}},
        {"type": {"S": "schedule"}, "name": {"S": "s"}, "periods": {"SS": ["p"]}, "timezone": {"S": "UTC"}},
    ], "Count": 2}),
    "Resources:\n  Week:\n    Type: Custom::ServiceInstanceSchedule\n    Properties:\n      ServiceToken: !Ref X\n"
    "      Name: week\n      Timezone: Europe/Rome\n      Periods:\n        - {Description: d, BeginTime: '9:00', "
    "EndTime: '17:00', WeekDays: mon-fri}\n",
)  # fmt: skip
DOWNSCALER = (
    "Mon-Fri 07:30-20:30 Europe/Berlin, Sat 10:00-12:00 UTC\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n  annotations:\n    downscaler/uptime: Mon-Fri "
    "08:00-18:00 Europe/Berlin\n    downscaler/exclude-until: '2026-12-31'\n---\nkind: Namespace\nmetadata: {name: n, "
    "annotations: {downscaler/downtime: 'Mon-Sun 20:00-08:00 UTC'}}\n",
    "env:\n  - {name: DEFAULT_UPTIME, value: 'Mon-Fri 07:30-20:30 CET'}\n",
)


@dataclass(frozen=True)
class Typed:
    """``data`` is what the file holds that ``words`` may name."""

    words: Sequence[str]
    data: bytes = b""


def _handed(words: Sequence[str], seeds: Sequence[str]) -> st.SearchStrategy[Typed]:
    near = bytes_near(texts_near(seeds))
    packed = near.map(gzip.compress)
    torn = st.tuples(packed, st.integers(0, 300)).map(lambda drawn: drawn[0][: -1 - drawn[1] % len(drawn[0])])
    return st.builds(Typed, st.just(words), st.one_of(near, near, near, near, packed, torn))


def _trees(words: Sequence[str], seeds: Sequence[str]) -> st.SearchStrategy[Typed]:
    near = trees_near([json.loads(one) for one in seeds])
    return near.map(lambda tree: Typed(words, json.dumps(tree).encode()))


HANDED = st.one_of(
    _handed(("validate", FILE), POLICIES),
    _handed(("simulate", "--policy", FILE, "--trace", "trace.csv", "--price", "1"), POLICIES),
    _handed(("simulate", "--policy", "dev.yaml", "--trace", FILE, "--price", "1"), TRACES),
    _handed(("import", "custodian", FILE), CUSTODIAN),
    _handed(("import", "instance-scheduler", FILE), SCHEDULER),
    _trees(("import", "instance-scheduler", FILE), SCHEDULER[:2]),
    _handed(("import", "kube-downscaler", FILE), DOWNSCALER),
    st.deferred(lambda: _handed(("apply", FILE), ('{"schema": "ollama-lifecycle/plan/1", "made_at": "2026-11-18"}',))),
)


def _commands() -> Iterator[tuple[str, click.Command]]:
    ctx = click.Context(lifecycle)
    for name in OURS:
        command = lifecycle.get_command(ctx, name)
        assert command is not None
        yield name, command


def _as_typed(word: str) -> str:
    """As the system hands over what is no UTF-8."""
    return os.fsdecode(word.encode("utf-8", "surrogatepass"))


_WORDS = odd_texts.filter(lambda word: not (word.startswith("/") or ".." in word or "\x00" in word)).map(_as_typed)
"""Never a path out of the folder that the room stands in."""
_KNOWN = ("chat", "gpu-dev/chat", "dev-nights-off", "7", "2h", "18:00", "2026-11-20", "json", "policy", "x")
_USUAL = st.sampled_from(_KNOWN)


_NOT_HERE = frozenset({"--yes", "--debug"})
"""The one acts, the other asks for a traceback."""


def _option(option: click.Option) -> st.SearchStrategy[tuple[str, ...]]:
    name = st.sampled_from(option.opts)
    if option.is_flag:
        return name.map(lambda one: (one,))
    if isinstance(option.type, click.Path):
        return name.map(lambda one: (one, "made"))
    return st.tuples(name, _USUAL | _WORDS)


def _typed(name: str, command: click.Command) -> st.SearchStrategy[Typed]:
    options = [one for one in command.params if isinstance(one, click.Option) and not _NOT_HERE & set(one.opts)]
    chosen = st.lists(st.sampled_from(options).flatmap(_option), max_size=3) if options else st.just([])
    words = st.lists(_USUAL | _WORDS, max_size=3)
    return st.builds(lambda some, more: Typed((name, *more, *(word for one in some for word in one))), chosen, words)


TYPED = st.one_of([_typed(name, command) for name, command in _commands()])


@dataclass
class _Desk:
    account: Account
    file: Path

    def take(self, typed: Typed) -> None:
        self.file.write_bytes(typed.data)
        words = [str(self.file) if word == FILE else word for word in typed.words]
        before = self._standing()
        done = self.account.line.run(*words)
        assert done.exit_code in tuple(Exit), done.output
        assert "fault of its own" not in done.output, done.stderr
        assert "Traceback" not in done.output, done.output
        assert done.exit_code in (Exit.DONE, Exit.CHANGES) or done.stderr.strip(), "it failed and said nothing"
        assert self._standing() == before, "something was done that nobody said yes to"

    def _standing(self) -> object:
        """What runs, and all that our record holds."""
        clusters = self.account.aws.world.clusters.values()
        desired = [service.desired for services in clusters for service in services.values()]
        assert self.account.line.clients is not None
        return desired, self.account.line.clients.dynamodb.scan(TableName=TABLE)["Items"]


@contextmanager
def _room() -> Iterator[Take]:
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        root = Path(folder)
        with account(root, {"dev.yaml": ENFORCED}, at=EVENING) as made:
            made.service("gpu-dev/chat", desired=2, scaling=(1, 4))
            made.service("gpu-dev/stream", used=3.0)
            (root / "trace.csv").write_text(TRACES[0], encoding="utf-8")
            (root / "dev.yaml").write_text(ENFORCED, encoding="utf-8")
            yield _Desk(made, root / "handed.yaml").take


HANDED_FILES = Border("files handed to commands", HANDED, _room)
TYPED_WORDS = Border("words typed", TYPED, _room)
