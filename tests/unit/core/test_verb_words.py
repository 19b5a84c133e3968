"""A method by the name that it has elsewhere is refused with its name here."""

from __future__ import annotations

import copy

import pytest

import parallel_agents as pa
from parallel_agents.core.verb_words import VERB_WORDS

KINDS = (pa.OpenSessions, pa.ConnectedSessions, pa.SessionHandle, pa.Flow)


@pytest.mark.parametrize("word", VERB_WORDS)
def test_each_word_of_others_leads_to_a_method_that_there_is(word: str) -> None:
    assert VERB_WORDS[word]
    for verb in VERB_WORDS[word]:
        assert any(hasattr(kind, verb) for kind in KINDS)
    assert not all(hasattr(kind, word) for kind in KINDS), "it is called so here"


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        (pa.OpenSessions, "inbox", "'OpenSessions' object has no attribute 'inbox'; it is called questions here"),
        (pa.OpenSessions, "cancel", "it is called kill here"),
        (pa.ConnectedSessions, "run", "it is called spawn here"),
        (pa.SessionHandle, "result", "what comes of it is what `await ...wait(...)` returns"),
        (pa.SessionHandle, "chat", "it is called send here"),
        (pa.Flow, "run", "it is called task here"),
        (pa.Flow, "approve", "it is called ask here"),
        (pa.Flow, "paralel", "did you mean 'parallel'?"),
        (pa.Flow, "_private", "has no attribute '_private'"),
    ],
)  # fmt: skip
def test_what_it_lacks_is_told(kind: type[object], name: str, told: str) -> None:
    made = object.__new__(kind)

    with pytest.raises(AttributeError) as refused:
        getattr(made, name)

    assert str(refused.value).endswith(told)
    assert not hasattr(made, name)


def test_what_has_no_attributes_yet_can_be_copied() -> None:
    assert isinstance(copy.copy(object.__new__(pa.SessionHandle)), pa.SessionHandle)
