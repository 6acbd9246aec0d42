"""Every alarm and every widget names a page of runbooks/ that is there."""

from __future__ import annotations

import re

from support.chalice_package import ROOT
from support.monitoring import alarms, widgets


def test_every_alarms_page_is_there_and_every_page_of_the_dashboard() -> None:
    pages = {alarm.page for alarm in alarms()} | {
        page for title in widgets() for page in re.findall(r"[\w-]+\.md", title)
    }

    missing = sorted(page for page in pages if not (ROOT / "runbooks" / page).exists())

    assert missing == []
