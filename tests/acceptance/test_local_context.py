"""Real inference beyond a context: a session of the embedded model goes on with a summary of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_models import EMBEDDED

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents

pytestmark = [pytest.mark.local_model, pytest.mark.long, pytest.mark.timeout(1800)]

SECONDS = 1500.0
CLERK = f"""---
name: clerk
description: Answers in short.
model: {EMBEDDED}
temperature: 0
limits: {{max_output_tokens: 40}}
---
You are a clerk. Answer in one short sentence.
"""
FACT = "The order number of our tea is BX-7719. Remember the order number."
# About 1,100 tokens.
REPORT = "The shop in the old town sells green tea and black tea, and is open until five. " * 55


def test_a_conversation_beyond_its_context_goes_on_with_a_summary(embedded: Pagents) -> None:
    embedded.project("agents/clerk.md", CLERK)
    spawned = embedded.start("spawn", "clerk", FACT, "--label", "mine", "--wait").ended(SECONDS)

    sent = [
        embedded.start("send", "mine", f"Report {number}: {REPORT}", "--wait").ended(SECONDS)
        for number in range(1, 5)
    ]
    asked = embedded.start("send", "mine", "What is the order number of our tea?", "--wait").ended(
        SECONDS
    )

    bodies = [item["event"] for item in embedded.items("history", "mine")]
    summaries = [body["cuts"]["summary"] for body in bodies if body["kind"] == "shortened"]
    counts = [body["usage"]["input_tokens"] for body in bodies if body["kind"] == "replied"]
    assert [each.code for each in (spawned, *sent, asked)] == [0] * 6
    assert any(summary.strip() for summary in summaries)
    assert max(counts) < 4_096
