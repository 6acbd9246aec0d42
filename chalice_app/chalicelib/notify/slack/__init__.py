"""Slack: what is shown there, how it is sent, and how people's clicks and commands are read."""
