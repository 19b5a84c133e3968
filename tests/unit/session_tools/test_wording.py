"""Wording: what an error tells a person to type becomes what a model has: tools and their arguments."""

from __future__ import annotations

import pytest

from parallel_agents.session_tools.wording import for_models


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("`pagents agents list` shows all", "agents_list shows all"),
        ("`pagents list monday` shows what is in it", "sessions_list shows what is in it"),
        (
            "add -i topic=... or -i topic=@FILE or --workspace DIR; in Python, "
            "Task(..., input={'topic': ...}), or workspace=",
            'add "input": {"topic": "..."}',
        ),
        ("add --input topic=..., in Python input={'topic': ...}", 'add "input": {"topic": "..."}'),
        (
            """add --input texts='[{"title": "...", "by": {"n": 3}}]', in Python input={'texts': [{'title': '...', 'by': {'n': 3}}]}""",
            'add "input": {"texts": [{"title": "...", "by": {"n": 3}}]}',
        ),
        ("write, for example, -i n=3; `pagents agents list` shows all", 'write, for example, "input": {"n": 3}; agents_list shows all'),
        ("add -i tone='very dry'", 'add "input": {"tone": "very dry"}'),
        ('add --input topic="..."', 'add "input": {"topic": "..."}'),
        (
            "export K=..., or use --model local, in Python model='local', which needs no key",
            'export K=..., or use "model": "local", which needs no key',
        ),
        ("choose another model (--model, in Python model=); see x", 'choose another model ("model"); see x'),
        ("write one: --plan FILE (in Python model=, plan=); then", "write one: --plan FILE; then"),
        ("ask again with --yes, in Python is_asked=False", "ask again with --yes"),
        (
            "give it more time with --timeout, in Python limits={'timeout_seconds': ...}",
            'give it more time with "runTimeoutSeconds"',
        ),
        ("a model-based --model-x", "a model-based --model-x"),
    ],
)  # fmt: skip
def test_a_model_is_told_its_own_arguments(text: str, told: str) -> None:
    assert for_models(text) == told
