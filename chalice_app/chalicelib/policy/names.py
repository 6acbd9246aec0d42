"""How what names something is read: policies and freezes, patterns of services and tags, channels, people, groups.

Every function takes the text as written and gives it back, or raises `ScalarError` with one sentence that says what to
write instead. Whether anything of that name exists is not asked here.
"""

from __future__ import annotations

import re

from chalicelib.policy.problems import ScalarError

WORD_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
NAME_GLOB_PATTERN = r"^(?!\*+$)[A-Za-z0-9_*?-]+$"
VALUE_GLOB_PATTERN = r"^[^\^$()\[\]{}|\\]+$"
_NOT_IN_A_CHANNEL = r"\s!-,./:-@\[-^`{-\x7f"
"""Slack's names have letters of any script, digits, - and _: of a class, what is neither."""
CHANNEL_PATTERN = rf"^(#[^{_NOT_IN_A_CHANNEL}A-Z]{{1,80}}|[CG][A-Z0-9]{{7,}})$"
APPROVER_PATTERN = r"^(group:[^\s,]{1,128}|user:[^@\s]+@[^@\s]+)$"
"""Groups as the user pool names them."""
KEEP_RUNNING_PER_PATTERN = r"^(cluster|tag:[^\s].*)$"
LONGEST_WORD = 63


def parse_word(text: str) -> str:
    """Lower-case words joined by hyphens, at most 63 characters. Raises ScalarError."""
    if len(text) > LONGEST_WORD:
        raise ScalarError("LC037", f"{len(text)} characters; a name has at most {LONGEST_WORD}")
    if not re.fullmatch(WORD_PATTERN, text):
        meant = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
        raise ScalarError("LC037", f"write it in lower case with hyphens: {meant or 'dev-nights-off'}")
    return text


def parse_name_glob(text: str) -> str:
    """A whole ECS name in which ``*`` and ``?`` are wild. Raises ScalarError."""
    if text and not text.strip("*"):
        raise ScalarError("LC038", "this would take every service; to mean that, write match: {everything: true}")
    if not re.fullmatch(NAME_GLOB_PATTERN, text):
        raise ScalarError("LC038", "only * and ? are wild, for the whole name; regular expressions are not read")
    return text


def parse_value_glob(text: str) -> str:
    """A whole tag value in which ``*`` and ``?`` are wild; ``*`` alone means: present. Raises ScalarError."""
    if not re.fullmatch(VALUE_GLOB_PATTERN, text):
        raise ScalarError("LC038", "only * and ? are wild, for the whole value; regular expressions are not read")
    return text


def parse_text(text: str) -> str:
    """Any text that is not blank. Raises ScalarError."""
    if not text.strip():
        raise ScalarError("LC039", "an empty text says nothing; write one or leave the key out")
    return text


def parse_channel(text: str) -> str:
    """A Slack channel, ``#name`` or its id. Raises ScalarError."""
    if not re.fullmatch(CHANNEL_PATTERN, text):
        name = re.sub(rf"[{_NOT_IN_A_CHANNEL}]+", "-", text.lower()).strip("-") or "ml"
        raise ScalarError("LC040", f'write a channel as "#{name}", in quotes, or its id as C0123ABCD')
    return text


def parse_approver(text: str) -> str:
    """``group:vision-leads`` or ``user:ada@example.com``. Raises ScalarError."""
    if not re.fullmatch(APPROVER_PATTERN, text):
        kind, _, name = text.partition(":")
        if kind == "group":
            meant = re.sub(r"[\s,]+", "-", name.strip()) or "vision-leads"
            raise ScalarError("LC041", f"a group's name has no spaces: write group:{meant}")
        guess = f"user:{text}" if "@" in text.strip("@") else f"group:{text.strip('@') or 'vision-leads'}"
        raise ScalarError("LC041", f"say whether it is a group or a person: {guess}")
    return text


def parse_keep_running_per(text: str) -> str:
    """``cluster`` or ``tag:KEY``. Raises ScalarError."""
    if not re.fullmatch(KEEP_RUNNING_PER_PATTERN, text):
        raise ScalarError("LC042", 'write cluster, or "tag:model" with the tag\'s key')
    return text
