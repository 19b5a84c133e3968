from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.errors import UnknownModel
from parallel_agents.models.local.known import describe, find_model, known_models


@pytest.mark.parametrize(
    "name", ["local", "local/qwen2.5-coder-1.5b", "qwen2.5-coder-1.5b-instruct"]
)
def test_the_default_model_has_several_names(name: str) -> None:
    assert find_model(name).model_name == "local/qwen2.5-coder-1.5b"


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel) as caught:
        find_model("local/gpt-9")

    assert "local/gpt-9" in caught.value.message
    assert "local/smollm2-135m" in caught.value.why


def test_the_pieces_of_each_model_add_up_to_the_file() -> None:
    for model in known_models():
        assert sum(wheel.data_bytes for wheel in model.wheels) == model.size_bytes


def test_every_pin_is_a_sha256() -> None:
    for model in known_models():
        for pin in (model.sha256, *(wheel.sha256 for wheel in model.wheels)):
            assert len(bytes.fromhex(pin)) == 32


def test_a_model_that_was_not_fetched_is_described_without_a_path() -> None:
    found = describe("local", Path("/nowhere/at/all"))

    assert found.path is None
    assert found.size_bytes == 1_117_320_768
    assert found.licence == "Apache-2.0"
    assert "scoring" in found.not_for
