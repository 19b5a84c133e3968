"""Markdown file: an export to read and to paste, in which no text of a model leaves its block."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

from parallel_agents.core.run import Result
from parallel_agents.views import format
from parallel_agents.views.events import describe
from parallel_agents.views.exports.facts import COLUMNS, NUMBERS, answer_of, cells_of, facts_of
from parallel_agents.views.exports.tree import Hide, Tree, Wanted
from parallel_agents.views.markdown import escaped, fenced, table
from parallel_agents.views.sessions import SessionLine, state_told


async def markdown_of(tree: Tree, wanted: Wanted, hide: Hide) -> AsyncGenerator[str]:
    """What it came to, a table of the sessions, and then each of them."""
    facts = "\n".join(f"- {name}: {escaped(hide(text))}" for name, text in facts_of(tree, wanted))
    yield f"# {escaped(hide(tree.top.row.session.label))}\n\n{facts}\n\n## Agents\n\n"
    rows = [[hide(cell) for cell in cells_of(line)] for line in tree.lines]
    yield f"{table(COLUMNS, rows, right=NUMBERS)}\n"
    if tree.artifacts:
        listed = (f"- {escaped(hide(a.name))}, {format.size(a.size)}" for a in tree.artifacts)
        yield f"\n## Files\n\nOnly their names are in this document.\n\n{chr(10).join(listed)}\n"
    async for line, result in tree.results():
        for part in _session(line, result, hide, has_task=wanted.shows_transcripts):
            yield f"\n{part}\n"
        if wanted.shows_transcripts:
            yield "\n### Transcript\n"
            async for event in tree.events(line.row.session.key):
                described = describe(event.body)
                yield f"\n**{format.utc_clock(event.at)}** {escaped(hide(described.title))}\n"
                if described.text:
                    yield f"\n{fenced(hide(described.text), 'text')}\n"


def _session(
    line: SessionLine, result: Result | None, hide: Hide, *, has_task: bool
) -> Iterator[str]:
    yield f"## {escaped(hide(line.row.session.label))} {escaped(format.name(line.row))}"
    yield f"{escaped(state_told(line))}, agent {escaped(line.row.session.agent.name)}"
    if has_task and line.row.run.title:
        yield f"Task: {escaped(hide(line.row.run.title))}"
    if result is None:
        return
    if result.error is not None:
        why = f" ({result.error.why})" if result.error.why else ""
        text = f"{result.error.code} {result.error.message}{why}"
        yield f"It failed: {escaped(hide(text))}"
    if answer := answer_of(result):
        yield fenced(hide(answer), "text")
