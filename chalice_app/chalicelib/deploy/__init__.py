"""Puts the suite into an account and takes it out again: packages, checks, uploads, shows the change set, waits.

Runs on a person's machine or in CI, from a checkout; nothing of it runs in a function.
"""
