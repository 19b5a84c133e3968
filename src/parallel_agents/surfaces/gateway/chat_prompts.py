"""Chat prompts: a conversation that a client tells, as one text for an agent, and what was said in it, found again.

The conversation is not stored beside the prompt, so a prompt can be read in one way only: a line that looks like one of
ours is marked, as mailboxes mark lines that begin with "From".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.errors import InvalidInput

# Those who say something in a conversation; what tools say is left out of it.
ROLES = frozenset({"user", "assistant", "system", "developer"})
_USER = "user"
_BEFORE = "The conversation so far:\n\n"
_LAST = "The message to answer:"
_CONTEXT = "Context from the application:"
_NOTHING = "- none"
_ROLE = "|".join(sorted(ROLES))
_OURS = re.compile(rf"^(?=>*(?:(?:{_ROLE}): |{re.escape(_LAST)}$|{re.escape(_CONTEXT)}$))", re.M)
_MARKED = re.compile(rf"^>(?=>*(?:(?:{_ROLE}): |{re.escape(_LAST)}$|{re.escape(_CONTEXT)}$))", re.M)
_NEXT = re.compile(rf"\n\n(?=(?:{_ROLE}): )")


class Said(NamedTuple):
    """One entry of a conversation as a client tells it."""

    role: str
    text: str


class Known(NamedTuple):
    """Something that the agent should know besides."""

    about: str
    value: str


def prompt_of(messages: Sequence[Said], context: Sequence[Known] = ()) -> str:
    """A conversation as one text: its last message alone, or all that the client knows before it.

    Raises:
        InvalidInput: nothing is said in it.
    """
    spoken = [each for each in messages if each.text.strip()]
    if not spoken or spoken[-1].role != _USER:
        raise InvalidInput(
            "the last message is not a user's, or has no text", hint="end with a user's message"
        )
    prompt = spoken[-1].text
    if len(spoken) > 1:
        before = "\n\n".join(f"{each.role}: {_marked(each.text)}" for each in spoken[:-1])
        prompt = f"{_BEFORE}{before}\n\n{_LAST}\n\n{prompt}"
    elif prompt.startswith((_BEFORE, f"{_LAST}\n\n")):
        prompt = f"{_LAST}\n\n{prompt}"
    if context:
        lines = _marked("\n".join(f"- {each.about}: {each.value}" for each in context))
    elif f"\n\n{_CONTEXT}\n" in prompt:
        lines = _NOTHING
    else:
        return prompt
    return f"{prompt}\n\n{_CONTEXT}\n{lines}"


def said_in(prompt: str) -> list[Said]:
    """The messages of which a prompt was made; those without text are not among them."""
    if f"\n\n{_CONTEXT}\n" in prompt:
        prompt = prompt.rpartition(f"\n\n{_CONTEXT}\n")[0]
    if prompt.startswith(f"{_LAST}\n\n"):
        return [Said(_USER, prompt.removeprefix(f"{_LAST}\n\n"))]
    before, found, last = prompt.partition(f"\n\n{_LAST}\n\n")
    if not found or not before.startswith(_BEFORE):
        return [Said(_USER, prompt)]
    told = [each.partition(": ") for each in _NEXT.split(before.removeprefix(_BEFORE))]
    return [*(Said(role, _MARKED.sub("", text)) for role, _, text in told), Said(_USER, last)]


def _marked(text: str) -> str:
    return _OURS.sub(">", text)
