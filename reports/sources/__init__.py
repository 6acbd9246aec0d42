"""Where the weekly report's money comes from: Cost Explorer, FOCUS files, Athena. All return `frames.Gathered`."""
