"""JSON file: an export as one document, and its lanes as a trace that Perfetto and Chrome open."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping

import orjson

from parallel_agents.views.documents import result_json
from parallel_agents.views.exports.tables import encoded, head_of, session_of
from parallel_agents.views.exports.tree import Hide, Tree, Wanted
from parallel_agents.views.frames import Frame

_MICROSECONDS = 1e6


async def json_of(tree: Tree, wanted: Wanted, hide: Hide) -> AsyncGenerator[str]:
    """The document of the export, with each session, its result and what happened in it."""
    yield f'{_json(head_of(tree, wanted), hide)[:-1]},"items":['
    is_first = True
    async for line, result in tree.results():
        told = None if result is None else result_json(result)
        start = "" if is_first else ","
        is_first = False
        yield f'{start}\n{_json({**session_of(line), "result": told}, hide)[:-1]},"events":['
        if wanted.shows_transcripts:
            comma = ""
            async for event in tree.events(line.row.session.key):
                yield f"{comma}\n{_json(tree.document(event), hide)}"
                comma = ","
        yield "]}"
    yield "]}\n"


async def trace_of(tree: Tree, _: Wanted, hide: Hide) -> AsyncGenerator[str]:
    """The lanes in the Trace Event Format, times in microseconds since the first began.

    https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
    """
    frames = await tree.frames()
    yield '{"displayTimeUnit":"ms","traceEvents":[\n'
    comma = ""
    for thread, frame in enumerate(frames.frames, start=1):
        for each in _traced(frame, thread, frames.began_at):
            yield f"{comma}{_json(each, hide)}\n"
            comma = ","
    yield "]}\n"


def _traced(frame: Frame, thread: int, began_at: float) -> Iterator[Mapping[str, object]]:
    place = {"pid": 1, "tid": thread}
    yield {**place, "ph": "M", "name": "thread_name", "args": {"name": frame.label}}
    yield {**place, "ph": "M", "name": "thread_sort_index", "args": {"sort_index": thread}}
    for span in frame.spans:
        yield {
            **place,
            "ph": "X",
            "cat": span.kind.value,
            "name": span.what or span.kind.value,
            "ts": round((span.start - began_at) * _MICROSECONDS),
            "dur": round((span.end - span.start) * _MICROSECONDS),
        }
    for mark in frame.marks:
        yield {
            **place,
            "ph": "i",
            "s": "t",
            "cat": mark.kind.value,
            "name": mark.what or mark.kind.value,
            "ts": round((mark.at - began_at) * _MICROSECONDS),
        }


def _json(value: Mapping[str, object], hide: Hide) -> str:
    return encoded(orjson.loads(orjson.dumps(value)), hide)
