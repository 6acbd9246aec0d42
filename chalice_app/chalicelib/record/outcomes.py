"""Words of the history that are read back: whoever writes them and whoever counts by them means the same."""

HOST_ENDED, HOST_STAYS = "host-ended", "host-stays"
"""The outcomes of notices after a stop: its hosts were seen to be gone, or one was still there without a task."""

UNDONE = "undone"
"""A hand's entry with this outcome names the action of ours that a person turned round, not what the person did."""

FORGOTTEN = "forgotten"
"""The outcome of a notice that a service is gone."""

GONE, MADE_ANEW = "gone", "made anew"
"""The evidence of such a notice: since when it is gone, or another service bears its name, which then runs."""
