"""Takes secrets out of text, and puts names in the place of people's addresses and of account numbers.

A name is the same wherever the same address stands in one bundle, so that what belongs together is still seen. What is
taken out is told by its shape (AWS keys, tokens of Slack, JSON web tokens, private keys, passwords in addresses, signed
links) or by the key before it (``password: …``). It cannot know a secret that looks like a word and stands alone:
whoever sends a bundle reads it before.
"""

from __future__ import annotations

import re
from collections.abc import Callable

REMOVED = "[removed]"

_QUOTE = r"[\"'\\]*"
_NAMED = (
    r"(?:[a-z0-9_.-]{0,40}(?:password|passwd|secret_access_key|secretaccesskey|secretstring|signing[_-]?secret"
    r"|bot[_-]?token"
    r"|session[_-]?token|sessiontoken|access[_-]?token|id[_-]?token|refresh[_-]?token|api[_-]?key|client[_-]?secret"
    r"|authorization|x-amz-security-token|private[_-]?key|whsec))"
)
_SHAPES: tuple[re.Pattern[str], ...] = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b"),
    re.compile(r"\bxox[a-z]-[A-Za-z0-9-]{6,}|\bxapp-[A-Za-z0-9-]{6,}"),
    re.compile(r"\bwhsec_[A-Za-z0-9+/=_-]{6,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}"),
    re.compile(r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}"),
    re.compile(r"https://hooks\.slack\.com/[^\s\"'<>\\]+"),
    re.compile(r"(?i)(?<=[?&])(?:x-amz-(?:signature|credential|security-token)|token|sig|signature)=[^&\s\"'<>\\]+"),
    re.compile(r"(?<=://)[^/\s:@\"']+:[^/\s@\"']+(?=@)"),
)
_BY_NAME = re.compile(
    rf"(?i)({_QUOTE}{_NAMED}{_QUOTE}\s*[:=]\s*)(\"(?:[^\"\\]|\\.)*\"|\\\"[^\"]*\\\"|'[^']*'|[^\s,;}}\]]+)"
)
_BARE_KEY = re.compile(
    r"(?<![A-Za-z0-9/+=])(?=[A-Za-z0-9/+]*[A-Z])(?=[A-Za-z0-9/+]*[a-z])(?=[A-Za-z0-9/+]*\d)"
    r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
)
"""The shape of an AWS secret access key."""
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,}")
_ACCOUNT = re.compile(r"(?<![\w.-])\d{12}(?![\w.-])")


class Redactor:
    """Remembers which name it gave to whom; one for a whole bundle."""

    def __init__(self) -> None:
        self._people: dict[str, str] = {}
        self._accounts: dict[str, str] = {}
        self.removed = 0
        """How often something was taken out."""

    def text(self, text: str) -> str:
        for shape in _SHAPES:
            text = shape.sub(self._remove, text)
        text = _BY_NAME.sub(self._remove_value, text)
        text = _BARE_KEY.sub(self._remove, text)
        text = _MAIL.sub(self._named(self._people, "person-{}@example.invalid", fold=True), text)
        return _ACCOUNT.sub(self._named(self._accounts, "account-{}"), text)

    def _remove(self, found: re.Match[str]) -> str:
        if found[0] == REMOVED:
            return REMOVED
        self.removed += 1
        return REMOVED

    def _remove_value(self, found: re.Match[str]) -> str:
        value = found[2].strip("\"'\\")
        if not value or value in (REMOVED, "null", "None", "true", "false") or value.startswith(("arn:", REMOVED)):
            return found[0]
        self.removed += 1
        begins, _, ends = found[2].partition(value)
        return f"{found[1]}{begins}{REMOVED}{ends}"

    def _named(self, known: dict[str, str], name: str, *, fold: bool = False) -> Callable[[re.Match[str]], str]:
        def named(found: re.Match[str]) -> str:
            if found[0].endswith("@example.invalid"):
                return found[0]
            key = found[0].lower() if fold else found[0]
            return known.setdefault(key, name.format(len(known) + 1))

        return named
