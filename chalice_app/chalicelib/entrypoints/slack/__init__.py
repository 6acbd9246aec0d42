"""Slack's requests: a small function that answers within three seconds, and a worker that does what was asked."""
