"""The user pool's password rules, checked before Cognito is asked, so that every missing piece is named at once.

The pool's template sets the same rules and has the last word.
"""

from __future__ import annotations

from chalicelib.errors import Unfit

LEAST = 8
MOST = 256
SYMBOLS = frozenset("^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- ")
"""https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html; no space at either end."""


def check_password(password: str, *, field: str = "password") -> None:
    """Raises Unfit naming everything that is missing."""
    missing = missing_of(password)
    if missing:
        raise Unfit(f"The password needs {_listed(missing)}.", field=field)


def missing_of(password: str) -> tuple[str, ...]:
    asked = (
        (len(password) >= LEAST, f"at least {LEAST} characters"),
        (len(password) <= MOST, f"at most {MOST} characters"),
        (any("A" <= letter <= "Z" for letter in password), "an upper-case letter (A-Z)"),
        (any("a" <= letter <= "z" for letter in password), "a lower-case letter (a-z)"),
        (any("0" <= letter <= "9" for letter in password), "a digit"),
        (not SYMBOLS.isdisjoint(password), "a symbol such as ! or -"),
        (password == password.strip(), "no space at its beginning or end"),
    )
    return tuple(words for there, words in asked if not there)


def _listed(words: tuple[str, ...]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
