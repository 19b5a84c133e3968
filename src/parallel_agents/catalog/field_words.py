"""Field words: what other formats call a field of a file, and what it is called here."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from parallel_agents.core.argument_words import OTHER_WORDS, each
from parallel_agents.core.spelling import did_you_mean

# The names of a field elsewhere, and here in earlier versions: what it is called, the likeliest first.
FIELD_WORDS: Mapping[str, tuple[str, ...]] = {
    **OTHER_WORDS,
    **each("holds", "condition"),
    **each("matches", "regex"),
    **each("matches_not", "not_regex"),
    **each("approves", "function"),
    **each("passes", "command"),
    **each("scored", "score"),
    **each("judged", "judge"),
    **each("steps jobs nodes stages", "tasks"),
    **each("id key", "label"),
    **each("prompt task goal message run description", "text"),
    **each("dependencies depends_on dependson after requires", "needs"),
    **each("if condition only_if", "when"),
    **each("foreach items over matrix loop_over with_items parallel", "for_each"),
    **each("repeat until while", "loop"),
    **each("args with arguments inputs params parameters variables", "input"),
    **each("approval confirm human human_input", "approve"),
    **each("workflow subflow uses", "flow"),
}


def field_meant(
    name: str, fields: Mapping[str, Collection[str]], elsewhere: Mapping[str, str]
) -> str:
    """The hint for a field that a part of a file does not have.

    Args:
        name: the field.
        fields: the names of those that it has, each with the names of those in it.
        elsewhere: hints for fields that are written somewhere else.
    """
    ours = FIELD_WORDS.get(name.casefold().replace("-", "_"), ())
    if found := next((meant for meant in ours if meant in fields), ""):
        return f"it is called {found} here"
    for meant in (name, *ours):
        if meant in elsewhere:
            return elsewhere[meant]
        if outer := next((outer for outer, inner in fields.items() if meant in inner), ""):
            return f"it is part of {outer}: write `{outer}:` with `{meant}: ...` in it"
    return did_you_mean(name, fields)
