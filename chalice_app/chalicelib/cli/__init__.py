"""The `lifecycle` command: reads what people type, calls the rooms, and says in words what came of it.

May import every room; no room imports it. It decides nothing about services: rules live in `decide`.
"""
