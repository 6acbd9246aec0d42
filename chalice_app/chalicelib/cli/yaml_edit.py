"""Sets `mode:` of one policy in a YAML text and leaves every other character as it was.

Refuses what it cannot place for certain; whoever calls checks the result with the loader.
"""

from __future__ import annotations

import yaml

from chalicelib.cli.exits import Stop


def set_mode(text: str, policy: str, mode: str) -> str:
    """The text with `policies.POLICY.mode` set. Raises Stop when the policy is not in it."""
    body = _policy_node(text, policy)
    for key, value in body.value:
        if key.value == "mode":
            return text[: value.start_mark.index] + mode + text[value.end_mark.index :]
    return _with_mode_added(text, body, mode)


def _policy_node(text: str, policy: str) -> yaml.MappingNode:
    top = yaml.compose(text, Loader=yaml.BaseLoader)
    policies = _child(top, "policies")
    body = _child(policies, policy)
    if not isinstance(body, yaml.MappingNode):
        raise Stop(f'The policy "{policy}" is not in this file.')
    return body


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _with_mode_added(text: str, body: yaml.MappingNode, mode: str) -> str:
    if body.flow_style:
        comma = ", " if body.value else ""
        end = body.end_mark.index - 1
        return f"{text[:end].rstrip()}{comma}mode: {mode}{text[end:]}"
    first_key, last_value = body.value[0][0], body.value[-1][1]
    end = _end_of_value(text, last_value)
    line_end = text.find("\n", end)
    at = len(text) if line_end == -1 else line_end + 1
    gap = "" if text[:at].endswith("\n") else "\n"
    return f"{text[:at]}{gap}{' ' * first_key.start_mark.column}mode: {mode}\n{text[at:]}"


def _end_of_value(text: str, node: yaml.Node) -> int:
    """Block collections end, for PyYAML, where the next token begins: take the end of their last scalar."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return max(len(text[: node.end_mark.index].rstrip()), node.start_mark.index)


def set_stop_after(text: str, policy: str, stop_after: str, cold_start_value: str | None = None) -> str:
    """The text with `policies.POLICY.idle.stop-after` set, and `cold-start-value` beside it unless it stands there.

    Raises Stop when the policy does not say itself when idle means idle: then its defaults do, for others too.
    """
    idle = _child(_policy_node(text, policy), "idle")
    value = _child(idle, "stop-after")
    if not isinstance(idle, yaml.MappingNode) or value is None:
        raise Stop(f"The policy {policy} takes idle.stop-after from its defaults: write it into the policy first.")
    written = stop_after
    if cold_start_value is not None and _child(idle, "cold-start-value") is None:
        indent = " " * idle.value[0][0].start_mark.column
        joint = ", " if idle.flow_style else f"\n{indent}"
        written = f"{stop_after}{joint}cold-start-value: {cold_start_value}"
    return text[: value.start_mark.index] + written + text[value.end_mark.index :]
