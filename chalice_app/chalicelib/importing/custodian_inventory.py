"""The off-hours tags of real resources: in any JSON or YAML that lists tags, or a text with one value on each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.importing.trees import Source, Tree, is_mapping, mappings_in


def tag_values(source: Source, trees: list[Tree], keys: set[str]) -> Iterator[tuple[str | None, str]]:
    """Key (lower case; None where only a value is given) and value. Raises ImportRefused for a file without any."""
    if all(isinstance(tree, str) for tree in trees):
        for line in trees:
            assert isinstance(line, str)
            key, equals, value = line.partition("=")
            if equals and key.strip().lower() in keys:
                yield key.strip().lower(), value
            elif line and not line.startswith("#"):
                yield None, line
        return
    found = False
    for tree in trees:
        try:
            for mapping in mappings_in(tree):
                for pair in _of_mapping(mapping, keys):
                    found = True
                    yield pair
        except ValueError as error:
            raise source.refuse(str(error)) from None
    if not found:
        raise source.refuse(f"neither Custodian policies nor tags named {' or '.join(sorted(keys))} are in it")


def _of_mapping(mapping: Mapping[str, Any], keys: set[str]) -> Iterator[tuple[str, str]]:
    key, value = mapping.get("Key", mapping.get("key")), mapping.get("Value", mapping.get("value"))
    if isinstance(key, str) and key.lower() in keys and isinstance(value, str):
        yield key.lower(), value
    for name in ("Tags", "tags", "labels"):
        tags = mapping.get(name)
        if is_mapping(tags):
            yield from ((tag.lower(), one) for tag, one in tags.items() if tag.lower() in keys and isinstance(one, str))
