"""Verb words: what other libraries call a method, and what it is called here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from parallel_agents.core.argument_words import each
from parallel_agents.core.spelling import closest

# The names of a method elsewhere: what it may be called here, the likeliest first.
VERB_WORDS: Mapping[str, tuple[str, ...]] = {
    **each("run start create submit launch execute call invoke agent do", "spawn", "task", "send"),
    **each("run_team start_team team", "spawn_team"),
    **each("run_flow start_flow workflow", "spawn_flow", "flow"),
    **each("subflow child", "flow"),
    **each("gather all wait_all join", "parallel", "wait"),
    **each("result results output outputs status text error get_result cost_usd", "wait"),
    **each("each for_each foreach", "map", "map_rows"),
    **each("loop until repeat", "loop_until"),
    **each("function activity", "step"),
    **each("approve confirm input human question respond reply", "answer", "ask"),
    **each("inbox pending asks", "questions"),
    **each("message tell chat prompt continue_", "send"),
    **each("interrupt nudge", "steer"),
    **each("cancel stop abort terminate close", "kill"),
    **each("resume", "unpause"),
    **each("get find show ls sessions runs", "list"),
    **each("messages transcript log logs conversation", "history"),
    **each("events watch stream tail subscribe", "follow"),
    **each("on_text tokens", "listen"),
    **each("cost usage spend spending", "costs"),
    **each("dlq failed failures", "dead_letters"),
    **each("delete remove prune", "drop"),
}


class NamesVerbs:
    """The base of what has verbs: a name that it lacks is refused with that of the verb that is meant."""

    __slots__ = ()

    if not TYPE_CHECKING:  # a checker would take any name for one that is there

        def __getattr__(self, name: str) -> object:
            kind = type(self)
            told = f"{kind.__name__!r} object has no attribute {name!r}"
            if not name.startswith("_"):
                told += _meant(kind, name)
            raise AttributeError(told)


def _meant(kind: type, name: str) -> str:
    found = next((verb for verb in VERB_WORDS.get(name, ()) if hasattr(kind, verb)), "")
    if found == "wait":
        return f"; what comes of it is what `await ...{found}(...)` returns"
    if found:
        return f"; it is called {found} here"
    near = closest(name, [verb for verb in dir(kind) if not verb.startswith("_")])
    return f"; did you mean {near!r}?" if near else ""
