"""The tree: which sessions are exported."""

from __future__ import annotations

from tests.unit.views.exports.sample import opened


async def test_the_whole_tree_is_read() -> None:
    async with opened() as tree:
        assert [line.row.session.agent.name for line in tree.lines] == ["team", "writer", "checked"]


async def test_only_what_failed_can_be_asked_for_and_the_rest_is_counted() -> None:
    async with opened(only_failed=True) as tree:
        assert [line.row.run.status.value for line in tree.lines] == ["partial", "failed"]
        assert tree.total == 3


async def test_each_session_has_its_frame() -> None:
    async with opened() as tree:
        frames = await tree.frames()

    assert len(frames.frames) == 3
    assert all(frame.status is not None for frame in frames.frames)
