from __future__ import annotations

import pytest
from pydantic import ValidationError

from parallel_agents.models.local.launch import ANSWER, LAUNCH, Answer, Launch, NotReady, Ready

LAUNCHED = Launch(
    file="/models/a.gguf",
    alias="local/a",
    key="s3cret",
    slots=2,
    threads=2,
    context_tokens=4096,
    repack=True,
)


def test_the_configuration_of_the_child_survives_encoding() -> None:
    line = LAUNCH.dump_json(LAUNCHED)

    assert LAUNCH.validate_json(line) == LAUNCHED


@pytest.mark.parametrize(
    "answer",
    [
        Ready(base_url="http://127.0.0.1:1/v1", load_seconds=0.5),
        NotReady(error="no such file"),
        NotReady(error="No module named 'xllamacpp'", missing="xllamacpp"),
    ],
)
def test_the_answer_of_the_child_survives_encoding(answer: Answer) -> None:
    line = ANSWER.dump_json(answer)

    assert ANSWER.validate_json(line) == answer


def test_an_unknown_line_is_refused() -> None:
    with pytest.raises(ValidationError):
        ANSWER.validate_json(b"")


def test_the_key_is_not_shown() -> None:
    assert "s3cret" not in repr(LAUNCHED)
