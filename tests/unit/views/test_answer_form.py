"""The file that an answer is: code if it is one block of it, else Markdown, else its JSON alone."""

from __future__ import annotations

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.views.answer_form import form_of


@pytest.mark.parametrize(
    ("answer", "suffix", "text"),
    [
        ("# Tea\n\nIs nice.", ".md", "# Tea\n\nIs nice.\n"),
        ("```python\nx = 1\n```", ".py", "x = 1\n"),
        ("  ~~~sh\nls\n~~~\n", ".sh", "ls\n"),
        ("````md\n```py\nx\n```\n````", ".md", "```py\nx\n```\n"),
        ("```python\nx = 1\n```\nThat is all.", ".md", "```python\nx = 1\n```\nThat is all.\n"),
        ("```python\na\n```\n```python\nb\n```", ".md", None),
        ("```unheard-of\nx\n```", ".md", None),
        ({"title": "Tea", "tags": ["a", "b"]}, ".md", "## title\n\nTea\n\n## tags\n\n- a\n- b\n"),
    ],
)
def test_an_answer_is_a_file_in_its_own_form(answer: Json, suffix: str, text: str | None) -> None:
    form = form_of(answer)

    assert form is not None
    assert form.suffix == suffix
    assert text is None or form.text == text


@pytest.mark.parametrize(
    "answer", [None, "", "  ", {}, [1, 2], 5, True, '{"a": 1}', "```json\n{}\n```"]
)
def test_what_is_only_data_has_no_file_but_its_json(answer: Json) -> None:
    form = form_of(answer)

    assert form is None or form.suffix == ".md"
