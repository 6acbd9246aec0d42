"""kube-downscaler's settings at the border: manifests with annotations, its own settings, or bare definitions.

Settings (``DEFAULT_UPTIME`` and so on) are found in a ConfigMap, in ``env`` and ``args`` of its Deployment, in Helm
values and in files of ``NAME=value`` lines. A line that is neither is one uptime definition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from chalicelib.importing.trees import Source, Tree, documents, is_list, is_mapping, mappings_in

_PREFIX = "downscaler/"
_SETTINGS = {
    "DEFAULT_UPTIME": "uptime",
    "DEFAULT_DOWNTIME": "downtime",
    "UPSCALE_PERIOD": "upscale-period",
    "DOWNSCALE_PERIOD": "downscale-period",
    "DOWNTIME_REPLICAS": "downtime-replicas",
    "GRACE_PERIOD": "grace-period",
    "EXCLUDE_NAMESPACES": "exclude-namespaces",
    "EXCLUDE_DEPLOYMENTS": "exclude-deployments",
    "DEFAULT_TIMEZONE": "timezone",
    "DEFAULT_WEEKFRAME": "weekframe",
    "MATCHING_LABELS": "matching-labels",
    "INCLUDE_RESOURCES": "include-resources",
    "uptime": "uptime",
    "downtime": "downtime",
    "upscale-period": "upscale-period",
    "downscale-period": "downscale-period",
}
_ARGUMENTS = {
    "default-uptime": "uptime",
    "default-downtime": "downtime",
    "upscale-period": "upscale-period",
    "downscale-period": "downscale-period",
    "downtime-replicas": "downtime-replicas",
    "grace-period": "grace-period",
    "exclude-namespaces": "exclude-namespaces",
    "exclude-deployments": "exclude-deployments",
    "matching-labels": "matching-labels",
    "namespace": "namespace",
    "include-resources": "include-resources",
}
_LINE = re.compile(r"(?:export\s+)?([A-Z_]+)\s*[=:]\s*(.*)")
_ARGUMENT = re.compile(r"--([a-z-]+)(?:=(.*))?", re.DOTALL)
_MANIFEST = re.compile(r"""^\s*(?:- )?["']?[\w./-]+["']?\s*:(?:\s|$)|^\s*[\[{]""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Annotated:
    """A resource or a namespace with annotations of the downscaler, without their prefix."""

    source: Source
    kind: str
    name: str
    namespace: str | None
    keys: Mapping[str, str]

    @property
    def what(self) -> str:
        return f"{self.kind} {self.namespace + '/' if self.namespace else ''}{self.name}"


class Place(IntEnum):
    """Where a setting stands; the higher one wins. An environment variable is only the default of its argument there,
    and Kubernetes gives a container's own ``env`` before what it takes from a ConfigMap."""

    FILE = 0
    ENVIRONMENT = 1
    ARGUMENT = 2


_PLACES = {Place.FILE: "in a file of settings", Place.ENVIRONMENT: "in env", Place.ARGUMENT: "as an argument"}


@dataclass(frozen=True, slots=True)
class Setting:
    source: Source
    value: str
    place: Place


@dataclass
class Settings:
    annotated: list[Annotated] = field(default_factory=list)
    defaults: dict[str, Setting] = field(default_factory=dict)
    bare: list[tuple[Source, str]] = field(default_factory=list)
    """Uptime definitions that stand alone."""
    conflicts: list[str] = field(default_factory=list)
    """A sentence for each setting that is given several values."""

    @property
    def values(self) -> dict[str, str]:
        """The settings as they hold in the end."""
        return {key: one.value for key, one in self.defaults.items()}

    def take(self, key: str, one: Setting) -> None:
        before = self.defaults.get(key)
        if before is None:
            self.defaults[key] = one
            return
        loses, wins = sorted((before, one), key=lambda each: each.place)
        self.defaults[key] = wins
        if loses.value != wins.value:
            why = "as kube-downscaler does" if loses.place < wins.place else "the last that was read"
            self.conflicts.append(
                f'{key} is given {_PLACES[loses.place]} ("{loses.value}") and {_PLACES[wins.place]} ("{wins.value}"): '
                f"the second was taken, {why}."
            )


def read(sources: Iterable[Source]) -> Settings:
    """All files together. Raises ImportRefused for a file in which nothing of the downscaler is found."""
    found = Settings()
    for source in sources:
        before = (len(found.annotated), len(found.defaults), len(found.bare))
        if _MANIFEST.search(source.text) and not _is_lines(source.text):
            for tree in documents(source):
                _manifest(source, tree, found)
        else:
            _lines(source, found)
        if (len(found.annotated), len(found.defaults), len(found.bare)) == before:
            raise source.refuse(
                "nothing of kube-downscaler in it: give manifests with downscaler/… annotations, its settings "
                '(DEFAULT_UPTIME), or a definition such as "Mon-Fri 07:30-20:30 Europe/Berlin"'
            )
    return found


def _is_lines(text: str) -> bool:
    """``NAME=value`` lines and bare definitions; only YAML has keys that end in a colon and a space."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    return all(
        re.match(r"(export\s+)?[A-Z_]+=", line) or not re.match(r"[\"']?[\w./-]+[\"']?:(\s|$)|[-\[{]", line)
        for line in lines
    )


def _lines(source: Source, found: Settings) -> None:
    for raw in source.text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is not None and match[1] in _SETTINGS:
            found.take(_SETTINGS[match[1]], Setting(source, _unquoted(match[2]), Place.FILE))
        elif match is None:
            found.bare.append((source, _unquoted(line)))


def _unquoted(text: str) -> str:
    return text.strip().strip("\"'")


def _manifest(source: Source, tree: Tree, found: Settings) -> None:
    if isinstance(tree, str) or (is_list(tree) and all(isinstance(one, str) for one in tree)):
        found.bare += [(source, str(one)) for one in ([tree] if isinstance(tree, str) else tree)]
        return
    try:
        for mapping in mappings_in(tree):
            one = _annotated(source, mapping)
            if one is not None:
                found.annotated.append(one)
            for key, value, place in _settings(mapping):
                found.take(key, Setting(source, value, place))
    except ValueError as error:
        raise source.refuse(str(error)) from None


def _annotated(source: Source, mapping: Mapping[str, Any]) -> Annotated | None:
    metadata = mapping.get("metadata")
    if not is_mapping(metadata) or not is_mapping(metadata.get("annotations")):
        return None
    keys = {
        key.removeprefix(_PREFIX): str(value)
        for key, value in metadata["annotations"].items()
        if key.startswith(_PREFIX) and value is not None
    }
    if not keys:
        return None
    name = metadata.get("name") or metadata.get("generateName")
    if not isinstance(name, str):
        raise source.refuse(f"a {mapping.get('kind') or 'resource'} with {_PREFIX} annotations has no metadata.name")
    namespace = metadata.get("namespace")
    return Annotated(
        source, str(mapping.get("kind") or "resource"), name, namespace if isinstance(namespace, str) else None, keys
    )


def _settings(mapping: Mapping[str, Any]) -> Iterator[tuple[str, str, Place]]:
    for key, value in mapping.items():
        if key in _SETTINGS and isinstance(value, str):
            yield _SETTINGS[key], value, Place.FILE
        elif isinstance(value, str) and "\n" in value:  # a file in a ConfigMap, or extraConfig of the Helm chart
            yield from ((name, text, Place.FILE) for name, text in _settings_of_lines(value))
    name, value = mapping.get("name"), mapping.get("value")
    if isinstance(name, str) and name in _SETTINGS and isinstance(value, str):
        yield _SETTINGS[name], value, Place.ENVIRONMENT
    for key in ("args", "command"):
        if is_list(mapping.get(key)):
            words = [one for one in mapping[key] if isinstance(one, str)]
            yield from ((name, text, Place.ARGUMENT) for name, text in _arguments(words))


def _settings_of_lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is not None and match[1] in _SETTINGS:
            yield _SETTINGS[match[1]], _unquoted(match[2])


def _arguments(words: list[str]) -> Iterator[tuple[str, str]]:
    """``--default-uptime=…`` and ``--default-uptime …``."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        match = _ARGUMENT.fullmatch(word)
        if match is not None and match[1] in _ARGUMENTS:
            yield _ARGUMENTS[match[1]], following if match[2] is None else match[2]
