from __future__ import annotations

import pytest

from parallel_agents.views.code_blocks import Block, code_blocks

CODE = "```python\ndef f():\n    return 1\n```"


def test_code_is_told_from_prose_with_its_language() -> None:
    found = list(code_blocks(f"See:\n{CODE}\nDone."))

    assert found == [Block("See:"), Block(CODE, is_code=True, language="python"), Block("Done.")]


@pytest.mark.parametrize(
    "text",
    ["```\nopen to the end", "~~~\n```\n~~~", "````\n```\n````", "  ```js\n  x\n  ```"],
)
def test_a_fence_ends_only_by_one_of_its_kind(text: str) -> None:
    (block,) = code_blocks(text)

    assert block.is_code
    assert block.text == text


@pytest.mark.parametrize("text", ["", "one\ntwo", "a ``` b", "`x`", "``` a `b` c"])
def test_prose_is_no_code(text: str) -> None:
    assert not any(block.is_code for block in code_blocks(text))


def test_no_line_is_lost() -> None:
    text = f"a\n\n{CODE}\n\nb\n{CODE}"

    assert "\n".join(block.text for block in code_blocks(text)) == text
