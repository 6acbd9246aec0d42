"""From the bill's frames, the ledger and the counts of use to the one `model.WeeklyReport`."""
