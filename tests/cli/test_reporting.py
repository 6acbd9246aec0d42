"""`lifecycle report weekly`: the week that was counted by hand, of its record and of a bill in FOCUS form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from chalicelib.cli.exits import Exit
from chalicelib.record.history import History
from support import golden_week
from support.cli import SIMPLE, CommandLine
from support.cli_account import Account, account
from support.cost_explorer import Scripted
from support.price_stubs import PriceListStub, SpotStub

HEAD = (
    "BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory,ServiceName,ProviderName,BilledCost,"
    "EffectiveCost,ListCost,PricingQuantity,PricingUnit,PricingCategory,ResourceId,Tags"
)
COSTS = "24.144,24.144,24.144"
TAGS = '"{""aws:ecs:serviceName"": ""chat"", ""team"": ""ml""}"'


class Postbox:
    """SES, which takes everything."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_email(self, **arguments: Any) -> None:
        self.sent.append(arguments)


def bill(path: Path) -> Path:
    """24 hours at $1.006 on each day from 21 September to 25 October 2026."""
    days = [f"2026-09-{day:02}" for day in range(21, 31)] + [f"2026-10-{day:02}" for day in range(1, 26)]
    rows = [
        f"USD,{day[:7]}-01T00:00:00Z,{day}T00:00:00Z,Usage,Amazon EC2,AWS,{COSTS},24,Hours,Standard,i,{TAGS}"
        for day in days
    ]
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    root: Path = tmp_path_factory.mktemp("report")
    with account(root, {"dev.yaml": SIMPLE}, at="2026-10-26T09:00+01:00") as made:
        for entry in golden_week.entries():
            assert History(made.table).append(entry)
        for service in (golden_week.CHAT, golden_week.PAIR, golden_week.SPOT, golden_week.ODD, golden_week.TRIAL):
            made.states.note_unknown(service, golden_week.SINCE)
        clients = made.line.clients
        assert clients is not None
        steps = [
            ("a", golden_week.SINCE, str(golden_week.SPOT_USD)),
            ("a", golden_week.DEAR_HOURS[0], str(golden_week.DEAR_USD)),
            ("a", golden_week.DEAR_HOURS[1], str(golden_week.SPOT_USD)),
        ]
        vars(clients).update(price_list=PriceListStub({}), spot_prices=SpotStub("g5.2xlarge", steps), mail=Postbox())
        yield made


def words(recorded: Account, *more: str) -> tuple[str, ...]:
    place = bill(recorded.line.root / "bill.csv")
    out = recorded.line.root / "out"
    return (
        "report", "weekly", "--source", "focus", str(place), "--week", "2026-W43", "--zone", "Europe/Berlin",
        "--out", str(out), "--tag", "owner=team", *more,
    )  # fmt: skip


def test_the_files_tell_the_bill_and_the_week_counted_by_hand(recorded: Account) -> None:
    run = recorded.line.run(*words(recorded, "--dry-run"))

    assert run.exit_code == Exit.DONE, run.output
    assert "$169.01 spent, the same as the week before." in run.stdout
    assert "Nothing was mailed." in run.stdout
    out = recorded.line.root / "out"
    told = json.loads((out / "2026-W43.en.json").read_text())
    assert told["totals"]["spent"] == {"amount": "169.008", "currency": "USD"}
    saved = {line["policy"]: line["amount"]["amount"] for line in told["savings"]["lines"]}
    assert saved == {
        "save-spot": "61.636",
        "nights-off": "36.3669",
        "asked for by people": "10.783",
        "idle-off": "0.2515",
    }
    assert {path.name for path in out.iterdir() if path.is_file()} == {
        *(f"2026-W43.en.{form}" for form in ("html", "txt", "csv", "xlsx", "json", "slack.json")),
        "days.png",
        "weeks.png",
    }
    assert (out / "days.png").read_bytes().startswith(b"\x89PNG")
    assert recorded.line.clients is not None and recorded.line.clients.mail.sent == []


def test_the_budgets_of_the_account_are_read(recorded: Account) -> None:
    budgets = Scripted("budgets", {"DescribeBudgets": lambda _: {"Budgets": []}})
    vars(recorded.line.clients).update(cost_explorer=Scripted("ce", {}).client, budgets=budgets.client)
    out = recorded.line.root / "of-ce"
    run = recorded.line.run("report", "weekly", "--week", "2026-W43", "--zone", "Europe/Berlin", "--out", str(out))

    assert run.exit_code == Exit.DONE, run.output
    assert len(budgets.of("DescribeBudgets")) == 1
    assert "AWS Budgets" not in run.stdout, "nothing is lacking"
    assert "AWS refused GetCostAndUsage: the report's role needs ce:GetCostAndUsage" in run.stdout


def test_the_same_people_get_it_once(recorded: Account) -> None:
    to = (
        "--to",
        "cfo@example.com",
        "--from",
        "reports@example.com",
        "--rate",
        "JPY=150@2026-10-01",
        "--language",
        "ja",
    )
    first = recorded.line.run(*words(recorded, *to))
    second = recorded.line.run(*words(recorded, *to))

    assert "Mailed to 1 of 1." in first.stdout
    assert "was mailed to these people before" in second.stdout
    assert recorded.line.clients is not None
    (sent,) = recorded.line.clients.mail.sent
    assert sent["Destination"] == {"ToAddresses": ["cfo@example.com"]}
    message = message_from_bytes(sent["Content"]["Raw"]["Data"], policy=policy.default)
    plain = message.get_body(("plain",))  # type: ignore[attr-defined]
    assert "¥25,351" in plain.get_content()


def test_without_an_account_the_bill_alone_is_told(tmp_path: Path) -> None:
    line = CommandLine(tmp_path, {"dev.yaml": SIMPLE}, at="2026-10-26T09:00+01:00")
    with pytest.MonkeyPatch.context() as env:
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
            env.delenv(name, raising=False)
        env.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        run = line.run(
            "report", "weekly", "--source", "focus", str(bill(tmp_path / "bill.csv")), "--week", "2026-W43",
            "--out", str(tmp_path / "out"),
        )  # fmt: skip
    assert run.exit_code == Exit.DONE, run.output
    assert "$169.01 spent" in run.stdout
    assert "record, missing: No region is set" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--source", "focus"), "FILE belongs to --source focus, EXPORT to --source athena, and both need theirs"),
        (("bill.csv",), "FILE belongs to --source focus"),
        (("--to", "cfo@example.com"), "--to needs --from"),
        (("--source", "demo", "--week", "2026-W01"), "The demo knows one week only: --week 2026-W48."),
        (("--source", "excel"), "write ce, focus, athena or demo"),
        (("--week", "46"), "'46' is no ISO week; write it as 2026-W46"),
        (("--week", "2030-W01", "--zone", "UTC"), "2030-W01 has not begun; the last whole week is 2026-W"),
        (("--source", "focus", "none.csv"), "none.csv does not exist; name a FOCUS file or the folder of an export"),
        (("--rate", "150"), 'rate "150" cannot be read; write JPY=150@2026-11-01'),
        (("--rate", "JPY=150@2026-13-01"), "names no day"),
        (("--tag", "team"), 'tag "team" cannot be read; write owner=team'),
    ],
)
def test_what_cannot_be_done_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    run = CommandLine(tmp_path, {"dev.yaml": SIMPLE}).run("report", "weekly", *arguments)
    assert run.exit_code in (Exit.USAGE, Exit.ERROR)
    assert said in run.output
