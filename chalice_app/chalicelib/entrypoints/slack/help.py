"""What `/lifecycle help` answers. A module of its own, so that an answer needs to import nothing else."""

HELP = """*What you can say here*
• `/lifecycle status` how all services are, `status SERVICE` one of them
• `/lifecycle why SERVICE` why it is as it is
• `/lifecycle keep SERVICE 2h load test` keeps it running; `until 18:00` and `until 2026-12-31` too
• `/lifecycle snooze SERVICE` keeps it for two hours, if you say no other time
• `/lifecycle start SERVICE 3h` starts it, and keeps it for a while
• `/lifecycle stop SERVICE` stops it when nobody uses it; `stop SERVICE now` at once
SERVICE is a name, or `cluster/name`. Without a time, two hours. You may say here what you may say to the API."""
