"""How a run ends: the exit codes, and one clear sentence for everything that can go wrong.

| code | meaning                                                          |
|------|------------------------------------------------------------------|
| 0    | done                                                             |
| 1    | an error; the sentence on stderr says what to do                 |
| 2    | only `plan --detailed-exitcode`: there is something to change    |
| 64   | wrong usage (`EX_USAGE`), so that 2 keeps a meaning of its own   |

A traceback is shown only with `--debug`.
"""

from __future__ import annotations

import difflib
import re
import sys
from enum import IntEnum

import click

from chalicelib.errors import LifecycleError, PolicyError


class Exit(IntEnum):
    DONE = 0
    ERROR = 1
    CHANGES = 2
    USAGE = 64


class Stop(LifecycleError):
    """Ends the run with one sentence for people; ``code`` says how."""

    def __init__(self, sentence: str, code: Exit = Exit.ERROR) -> None:
        super().__init__(sentence)
        self.code = code


class Fruitless(Stop):
    """Ends a run that was allowed to write and yet wrote nothing; a run that was not yet says so by itself."""


_TOO_MANY = re.compile(r"Got unexpected extra arguments? \((.*)\)")

NOTHING_CHANGED = "Nothing was changed."

_CREDENTIALS_OLD = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "RequestExpired"}
)
_FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"})


def ending(error: BaseException, *, may_have_written: bool) -> tuple[Exit, str] | None:
    """`explain`, with `Nothing was changed.` as the last line wherever nothing was."""
    known = explain(error)
    if known is None or isinstance(error, click.exceptions.NoArgsIsHelpError):
        return known
    if may_have_written and not isinstance(error, Fruitless):
        return known
    code, said = known
    return code, said if said.endswith(NOTHING_CHANGED) else f"{said}\n{NOTHING_CHANGED}"


def sentence_of(error: Exception, *, debug: bool) -> str:
    """What to tell of a failure after which the run goes on. Raises ``error`` where only we can have caused it, and
    with ``--debug``."""
    known = explain(error)
    if known is None or debug:
        raise error
    return known[1]


def explain(error: BaseException) -> tuple[Exit, str] | None:
    """The exit code and the sentence for an error that people may cause; None for one that only we can."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            return Exit.USAGE, error.ctx.get_help() if error.ctx else error.format_message()
        case click.UsageError():
            return Exit.USAGE, _usage(error)
        case click.Abort():
            return Exit.ERROR, "Interrupted: `lifecycle history` shows what was done."
        case click.ClickException():
            return Exit.ERROR, error.format_message()
        case Stop():
            return error.code, _sentence(str(error))
        case PolicyError():
            return Exit.ERROR, _with_problems(error)
        case LifecycleError():
            return Exit.ERROR, _sentence(str(error))
        case OSError() if isinstance(error.filename, str) and error.filename:
            return Exit.ERROR, f"{error.filename}: {(error.strerror or 'cannot be read').lower()}."
        case _:
            return _aws(error)


def _usage(error: click.UsageError) -> str:
    """What was written, what is wrong with it, and how the command is used."""
    ctx = error.ctx
    command = f"`{ctx.command_path}`" if ctx else "the command"
    usage = f" Usage: {' '.join([ctx.command_path, *ctx.command.collect_usage_pieces(ctx)])}." if ctx else ""
    match error:
        case click.MissingParameter(param=click.Parameter() as missing):
            said = f"{command} needs {_named(missing)}{_value(missing)}.{usage}"
        case click.NoSuchOption():
            best = difflib.get_close_matches(error.option_name, error.possibilities or (), n=1)
            near = f" Did you mean {best[0]}?" if best else ""
            said = f"{command} has no option {error.option_name}.{near}"
        case click.BadOptionUsage() if "requires an argument" in error.message:
            said = f"{error.option_name} needs a value.{usage}"
        case click.BadOptionUsage() if "does not take a value" in error.message:
            said = f"{error.option_name} takes no value."
        case click.BadParameter():
            hint = error.param_hint or (_named(error.param) if error.param else "")
            said = _sentence(f"{hint if isinstance(hint, str) else ' '.join(hint)} {error.message}".strip())
        case _ if found := _TOO_MANY.match(error.message):
            said = f'{command} cannot take "{found[1]}" as well.{usage}'
        case _:
            said = _sentence(error.format_message())
    return f"{said[0].upper()}{said[1:]} Try `{ctx.command_path} --help`." if ctx else said


def _named(param: click.Parameter) -> str:
    """``--days`` or ``SERVICE``."""
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return param.metavar or (param.name or "").upper()


def _value(param: click.Parameter) -> str:
    return f" {param.metavar}" if isinstance(param, click.Option) and param.metavar else ""


def _with_problems(error: PolicyError) -> str:
    from chalicelib.policy.problems import render

    return "\n".join([*(render(problem) for problem in error.problems), _sentence(str(error))])


def _sentence(text: str) -> str:
    """Closed by a full stop, and begun with a capital where it begins with a plain word."""
    text = text.strip()
    if text.split(" ")[0].isalpha():
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", ":")) or "\n" in text else f"{text}."


def _aws(error: BaseException) -> tuple[Exit, str] | None:
    """botocore's failures in plain words. Looks at botocore only when somebody has already imported it."""
    if "botocore" not in sys.modules:
        return None
    from botocore import exceptions as aws

    match error:
        case aws.NoCredentialsError() | aws.PartialCredentialsError() | aws.CredentialRetrievalError():
            said = (
                "No AWS credentials were found. Sign in (`aws sso login`, `aws configure`), choose --profile NAME, "
                "or try without an account: lifecycle demo."
            )
        case aws.ProfileNotFound():
            said = f"{error}: `aws configure list-profiles` shows those that exist."
        case aws.NoRegionError():
            said = "No region is set: add --region, for example --region ap-northeast-1, or set AWS_REGION."
        case aws.SSOError() | aws.TokenRetrievalError():
            said = "The AWS sign-in has run out: run `aws sso login` and try again."
        case aws.ConnectionError() | aws.HTTPClientError():
            said = f"AWS cannot be reached ({_first_line(error)}). Check the network, --region and --profile."
        case aws.ParamValidationError():
            said = f"AWS would refuse this: {_first_line(error)}."
        case aws.ClientError():
            said = _client_error(error)
        case aws.BotoCoreError():
            said = _sentence(f"AWS could not be asked: {_first_line(error)}")
        case _:
            return None
    return Exit.ERROR, said


def _client_error(error: BaseException) -> str:
    from botocore.exceptions import ClientError

    assert isinstance(error, ClientError)
    answer = error.response.get("Error", {})
    code, message = answer.get("Code", ""), answer.get("Message", "").strip()
    if code in _CREDENTIALS_OLD:
        return f"AWS does not accept these credentials ({code}): sign in again or choose another --profile."
    if code in _FORBIDDEN:
        return _sentence(f"AWS forbids {error.operation_name} to this role: {message or code}")
    return _sentence(f"AWS refused {error.operation_name}: {message or code}")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
