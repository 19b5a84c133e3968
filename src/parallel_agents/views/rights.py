"""Rights: what the permissions in several layers say of each tool, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.permission import (
    Permissions,
    Ruling,
    may_ever,
    rules_for,
)
from parallel_agents.core.schema import Json
from parallel_agents.core.tool import ToolSpec

_ORDER = (Ruling.DENY, Ruling.ASK, Ruling.ALLOW)


class Layer(NamedTuple):
    """The rules of one place, such as the settings or an agent."""

    name: str
    permissions: Permissions


class ToolRights(NamedTuple):
    """What a session may do with a tool.

    Attributes:
        told: the rules that apply to it, such as `deny shell(curl *)`, the strongest first.
        otherwise: what becomes of a call that no rule covers.
        is_usable: whether any call could be made.
        is_whole: whether rules without a pattern allow what no other rule covers.
    """

    tool: str
    told: Sequence[str]
    otherwise: Ruling
    is_usable: bool
    is_whole: bool

    @property
    def text(self) -> str:
        if not self.is_usable:
            return "; ".join((*self.told, "no call is allowed"))
        rest = () if self.is_whole else (f"{'others: ' if self.told else ''}{self.otherwise}",)
        return "; ".join((*self.told, *rest))


def rights_of(layers: Sequence[Layer], spec: ToolSpec) -> ToolRights:
    """What these layers, the outermost first, say of a tool."""
    rules = [layer.permissions for layer in layers]
    return ToolRights(
        tool=spec.name,
        told=list(dict.fromkeys(_told(rules, spec.name))),
        otherwise=Ruling.ALLOW if spec.access.is_free else Ruling.DENY,
        is_usable=may_ever(rules, spec),
        is_whole=any(rules_for(layer, Ruling.ALLOW, spec.name) for layer in rules)
        and all(layer.only_takes_away or _allows_all(layer, spec.name) for layer in rules),
    )


def _allows_all(layer: Permissions, tool: str) -> bool:
    return any(not rule.pattern for rule in rules_for(layer, Ruling.ALLOW, tool))


def _told(layers: Sequence[Permissions], tool: str) -> Iterator[str]:
    for ruling in _ORDER:
        for layer in layers:
            yield from (f"{ruling} {rule.text}" for rule in rules_for(layer, ruling, tool))


def layer_json(layer: Layer) -> Mapping[str, Json]:
    held = layer.permissions
    return {
        "where": layer.name,
        "allow": list(held.allow),
        "ask": list(held.ask),
        "deny": list(held.deny),
    }


def rights_json(rights: ToolRights) -> Mapping[str, Json]:
    return {
        "tool": rights.tool,
        "rules": list(rights.told),
        "otherwise": rights.otherwise.value,
        "usable": rights.is_usable,
    }
