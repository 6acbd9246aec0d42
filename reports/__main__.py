"""The weekly report as a task: `python -m reports`, with the environment variables of the function `weekly_report`.

For bills that outgrow a function (cfn/cost/report-task.yaml). Whoever starts it knows when it is due; started again,
it finds what was sent. Ends with 0 when everybody has it, with 1 and one sentence when somebody has not.
"""

from __future__ import annotations

import json
import sys
import uuid

from chalicelib.errors import LifecycleError
from chalicelib.runtime import compose

from reports.running import run


def main() -> int:
    try:
        app = compose.current()
        if app.settings.report is None:
            sys.stderr.write("Nobody is named in LIFECYCLE_REPORT_TO or LIFECYCLE_REPORT_CHANNEL.\n")
            return 1
        done = run(app, app.settings.report, owner=uuid.uuid4().hex[:12])
    except LifecycleError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    told = {"week": str(done.week), "sent": done.refused is not None, "refused": dict(done.refused or {})}
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    return 1 if done.refused else 0


if __name__ == "__main__":
    sys.exit(main())
