"""The fields of a request, read into the types that a view asks for.

What cannot be read at all (no UTF-8, no JSON, another content type, too large) is refused as such; of what can be
read, every wrong field is named. Nothing is passed over: a field that nobody asked for is a typing mistake of
somebody, who wants to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, get_origin
from urllib.parse import unquote

from chalicelib.errors import Fault, InvalidRequest, NotFound, UnreadableRequest

if TYPE_CHECKING:
    from chalice.app import Request
    from pydantic import BaseModel, TypeAdapter, ValidationError

    from chalicelib.entrypoints.api.signature import Signature

MOST_BYTES = 64 * 1024


def check_size(request: Request) -> None:
    """Raises UnreadableRequest (413)."""
    if len(_body(request)) > MOST_BYTES:
        raise UnreadableRequest(f"The body has more than {MOST_BYTES // 1024} KiB.", status=413)


def arguments(signature: Signature, request: Request, path: Mapping[str, str]) -> dict[str, Any]:
    """Raises UnreadableRequest, InvalidRequest with all faults of the first part that has any, NotFound."""
    read: dict[str, Any] = {}
    for name, hint in signature.path.items():
        read[name] = _piece(name, hint, path)
    if signature.query:
        read["query"] = _query(signature.query, request.query_params)
    if signature.headers:
        read["headers"] = _headers(signature.headers, request.headers)
    if signature.body:
        read["body"] = _json(signature.body, request)
    return read


def placed(signature: Signature, field: str) -> str:
    """Where in the request the field stands that a view or a service calls by its bare name."""
    for where, model in (("body", signature.body), ("query", signature.query), ("header", signature.headers)):
        for name, known in model.model_fields.items() if model else ():
            shown = known.alias or name
            if field in (name, shown) or name.startswith(f"{field}_"):
                return f"{where}.{shown}"
    return field


def piece_of_path(value: str) -> str:
    """API Gateway and Chalice hand pieces over as they stood in the URL. Raises NotFound for what is no text."""
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise NotFound("There is nothing of this name.") from None


def _piece(name: str, hint: Any, path: Mapping[str, str]) -> Any:
    from pydantic import ValidationError

    text = piece_of_path(path[name])
    try:
        return _adapter(hint).validate_python(text)
    except ValidationError:
        raise NotFound("There is nothing of this name.") from None


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(hint)


def _json(model: type[BaseModel], request: Request) -> BaseModel:
    from pydantic import ValidationError

    content_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    raw = _body(request)
    if raw and content_type != "application/json":
        raise UnreadableRequest(f"The body is {content_type or 'of no type'}, not application/json.", status=415)
    try:
        return model.model_validate_json(raw or b"{}", strict=True)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False, include_input=False):
            if one["type"] == "json_invalid":
                raise UnreadableRequest(f"The body is not JSON: {one['msg']}.") from None
        raise _invalid("body", error) from None


def _body(request: Request) -> bytes:
    try:
        raw = request.raw_body
    except ValueError:
        raise UnreadableRequest("The body is said to be base64, and is not.") from None
    return raw.encode() if isinstance(raw, str) else raw


def _query(model: type[BaseModel], given: Any) -> BaseModel:
    from pydantic import ValidationError

    asked: dict[str, Sequence[str]] = {name: given.getlist(name) for name in given} if given else {}
    found: dict[str, Any] = {}
    for name, values in asked.items():
        field = model.model_fields.get(name)
        if field is not None and get_origin(field.annotation) is tuple:
            found[name] = tuple(part for value in values for part in value.split(","))
        elif len(values) == 1:
            found[name] = values[0]
        else:
            fault = Fault(f"query.{name}", "given more than once", "repeated")
            raise InvalidRequest(f"{name} is given more than once.", (fault,))
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise _invalid("query", error) from None


def _headers(model: type[BaseModel], given: Mapping[str, str]) -> BaseModel:
    from pydantic import ValidationError

    names = [field.alias or name for name, field in model.model_fields.items()]
    try:
        return model.model_validate({name: given[name] for name in names if name.lower() in given})
    except ValidationError as error:
        raise _invalid("header", error) from None


def _invalid(where: str, error: ValidationError) -> InvalidRequest:
    faults = tuple(
        Fault(".".join([where, *(str(part) for part in one["loc"])]), _plainly(one["msg"]), one["type"])
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    )
    first = faults[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return InvalidRequest(f"{first.field}: {first.message}{more}.", faults)


def _plainly(message: str) -> str:
    return message.removeprefix("Value error, ").removesuffix(".")
