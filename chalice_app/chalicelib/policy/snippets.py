"""What an editor offers to fill in: whole policies and hours, in the form of VS Code's ``defaultSnippets``."""

from __future__ import annotations

POLICY_SNIPPETS = [
    {
        "label": "nights off",
        "description": "Open on weekdays, stopped when idle; says only what it would do",
        "body": {
            "${1:dev-nights-off}": {
                "match": {"tags": {"${2:environment}": "${3:dev}"}},
                "hours": {"timezone": "${4:Asia/Tokyo}", "open": ["${5:mon-fri 08:00-20:00}"]},
                "idle": {"stop-after": "${6:30m}"},
                "mode": "dry-run",
            }
        },
    },
    {
        "label": "stop when idle",
        "description": "No hours: only idleness stops",
        "body": {
            "${1:stop-when-idle}": {
                "match": {"tags": {"${2:environment}": "${3:dev}"}},
                "idle": {"stop-after": "${4:45m}"},
                "mode": "dry-run",
            }
        },
    },
]
HOURS_SNIPPETS = [
    {"label": "weekdays", "body": {"timezone": "${1:Asia/Tokyo}", "open": ["mon-fri 08:00-20:00"]}},
    {"label": "weeknights", "body": {"timezone": "${1:Asia/Tokyo}", "open": ["sun-thu 22:00-06:00"]}},
]
