"""Arranging: what the agents of a team are given in common goes first in their prompts.

A prompt is read once for all calls that begin like it. Several agents that read one input begin with
the input, and their instructions follow; one agent that reads many begins with its instructions.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from parallel_agents.core.ids import SessionKey, is_group_key
from parallel_agents.core.message import Message, Role, Text, split_task
from parallel_agents.core.model import ModelRequest

# About 250 tokens, which two cores read in three seconds.
_LEAST_CHARACTERS = 1024
_MOST_TEAMS, _MOST_PROMPTS = 64, 256


@dataclass(slots=True)
class _Team:
    """What the agents of one team were given: instructions and input, and which of them went first."""

    prompts: OrderedDict[tuple[str, str], bool] = field(
        default_factory=OrderedDict[tuple[str, str], bool]
    )

    def input_first(self, instructions: str, given: str) -> bool:
        found = self.prompts.get((instructions, given))
        if found is not None:
            return found
        is_shared = any(each == given for _, each in self.prompts)
        is_row = any(each == instructions for each, _ in self.prompts)
        chosen = self.prompts[instructions, given] = is_shared or not is_row
        while len(self.prompts) > _MOST_PROMPTS:
            self.prompts.popitem(last=False)
        return chosen


class Arranger:
    """Arranges the prompts of the teams that one process runs."""

    def __init__(self) -> None:
        self._teams: OrderedDict[SessionKey, _Team] = OrderedDict()

    def arranged(self, request: ModelRequest) -> ModelRequest:
        """The request with its long input before its instructions, if a team may share the input."""
        first = request.messages[0] if request.messages else None
        if request.team is None or not is_group_key(request.team) or request.tools:
            return request
        if first is None or first.role is not Role.USER or not request.system:
            return request
        split = split_task(first.text)
        if split is None or len(split.input) < _LEAST_CHARACTERS:
            return request
        if not self._team(request.team).input_first(_digest(request.system), _digest(split.input)):
            return request
        text = f"{split.input}\n\n{request.system}\n\n{split.task}"
        return replace(request, system="", messages=(_retold(first, text), *request.messages[1:]))

    def _team(self, key: SessionKey) -> _Team:
        team = self._teams.setdefault(key, _Team())
        self._teams.move_to_end(key)
        while len(self._teams) > _MOST_TEAMS:
            self._teams.popitem(last=False)
        return team


def _retold(message: Message, text: str) -> Message:
    others = tuple(part for part in message.parts if not isinstance(part, Text))
    return replace(message, parts=(Text(text), *others))


def _digest(text: str) -> str:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
