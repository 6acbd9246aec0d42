"""apply: exactly the plan, after a yes, each step looked at again."""

from __future__ import annotations

from pathlib import Path

from chalicelib.cli.exits import Exit
from support.cli_account import Account


def test_apply_asks_with_account_region_and_profile_before_it_acts(evening: Account) -> None:
    declined = evening.line.run("apply", answer="n\n")
    assert declined.exit_code == Exit.ERROR
    assert "account 123456789012, region eu-central-1, profile default" in declined.stderr
    assert declined.stderr.rstrip().endswith("Nothing was changed.")
    assert evening.aws.world.service("gpu-dev", "chat").desired == 2
    accepted = evening.line.run("apply", answer="y\n")
    assert accepted.exit_code == Exit.DONE, accepted.stderr
    assert evening.aws.world.service("gpu-dev", "chat").desired == 0


def test_apply_refuses_to_go_on_where_nobody_can_answer(evening: Account) -> None:
    result = evening.line.run("apply")
    assert result.exit_code == Exit.USAGE
    assert "add --yes" in result.stderr
    assert result.stderr.rstrip().endswith("Nothing was changed.")


def test_apply_does_exactly_the_kept_plan_and_saves_the_size_first(evening: Account, tmp_path: Path) -> None:
    kept = tmp_path / "p.json"
    assert evening.line.run("plan", "--out", str(kept)).exit_code == Exit.DONE
    evening.service("gpu-dev/late")  # appeared after the plan was made
    result = evening.line.run("apply", str(kept), "--yes")
    assert result.exit_code == Exit.DONE, result.stderr
    assert "STOP  gpu-dev/chat" in result.stdout
    assert "1 service: 1 done." in result.stdout
    assert evening.aws.world.service("gpu-dev", "chat").desired == 0
    assert evening.aws.world.service("gpu-dev", "late").desired == 1
    saved = [memory.saved_size for memory in evening.states.all().values()]
    assert [size.desired_count for size in saved if size] == [2]


def test_a_service_that_changed_since_the_plan_is_refused_and_listed(evening: Account, tmp_path: Path) -> None:
    kept = tmp_path / "p.json"
    evening.line.run("plan", "--out", str(kept))
    evening.aws.world.service("gpu-dev", "chat").set_desired(3)
    result = evening.line.run("apply", str(kept), "--yes")
    assert result.exit_code == Exit.ERROR
    assert "REFUSED  gpu-dev/chat  stop: its desired count is 3 now" in result.stdout
    assert result.stdout.splitlines()[-1] == "Nothing was changed."
    assert evening.aws.world.service("gpu-dev", "chat").desired == 3


def test_a_plan_made_elsewhere_is_refused(evening: Account, tmp_path: Path) -> None:
    kept = tmp_path / "p.json"
    evening.line.run("plan", "--out", str(kept))
    kept.write_text(kept.read_text().replace("123456789012", "999999999999"))
    result = evening.line.run("apply", str(kept), "--yes")
    assert result.exit_code == Exit.ERROR
    assert "was made for account 999999999999" in result.stderr


def test_a_file_that_is_no_plan_and_one_that_is_not_there_get_one_sentence(evening: Account, tmp_path: Path) -> None:
    broken = tmp_path / "p.json"
    broken.write_text("{")
    assert "is not JSON" in evening.line.run("apply", str(broken), "--yes").stderr
    missing = evening.line.run("apply", str(tmp_path / "q.json"), "--yes")
    assert missing.exit_code == Exit.USAGE
    assert "does not exist" in missing.stderr


def test_a_plan_that_is_no_text_is_refused_and_nothing_is_done(evening: Account) -> None:
    path = evening.line.root / "p.json"
    path.write_bytes(b"\xff\xfe{")

    refused = evening.line.run("apply", str(path), "--yes")

    assert (refused.exit_code, "p.json is no text in UTF-8" in refused.stderr) == (Exit.ERROR, True)
