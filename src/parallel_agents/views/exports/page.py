"""Page: an export as one HTML file that asks no network, and in which only our own scripts run.

Without any script, the file says as text what each session came to, and has the transcripts up to a
bound. If there are transcripts, it also has the pages of the dashboard for a run, a session and its cost,
with all of them, which are shown instead where scripts may run. All text is escaped, and a policy in the file names its styles and scripts by their hashes: a browser runs nothing
else, even if a text had left its place.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from html import escape
from importlib.resources import files

from parallel_agents.core.event import Event
from parallel_agents.core.run import Result
from parallel_agents.views import charts, format
from parallel_agents.views.events import describe
from parallel_agents.views.exports.bundle import script, style
from parallel_agents.views.exports.facts import COLUMNS, NUMBERS, answer_of, cells_of, facts_of
from parallel_agents.views.exports.packed import Block, Packing
from parallel_agents.views.exports.tree import Hide, Tree, Wanted, has_failed, lane_label
from parallel_agents.views.frames import Frames
from parallel_agents.views.sessions import SessionLine
from parallel_agents.views.svg import svg_of

_SCRIPT, _STYLE = "page.js", "page.css"
# What is said twice, as text and packed: more would make a file large that the pages of show well.
_MOST_TEXT = 150_000
_ANY = "surrogatepass"  # what is not Unicode is replaced when the file is written
_LEFT_OUT = "<p>Its whole transcript is in the pages of this file, which need scripts.</p>"


async def page_of(tree: Tree, wanted: Wanted, hide: Hide) -> AsyncGenerator[str]:
    """The file in parts: what it came to, the lanes, the agents, and each session folded."""
    has_pages = wanted.shows_transcripts
    held = _Held()
    if has_pages:
        frames = Frames()
        async for part in _transcripts(tree, hide, frames):
            held.add(part)
    else:
        frames = await tree.frames()
    label = _safe(hide(tree.top.row.session.label))
    scripts = (_content(_SCRIPT), *((script(),) if has_pages else ()))
    yield _head(label, scripts, has_pages=has_pages)
    yield f"<h1>{label}</h1><dl>"
    for name, text in facts_of(tree, wanted):
        yield f"<dt>{_safe(name)}</dt><dd>{_safe(hide(text))}</dd>"
    yield "</dl>"
    for part in _charts(_hidden(frames, hide)):
        yield part
    for part in _agents(tree, hide):
        yield part
    yield (
        '<h2>Sessions</h2><p class="tools"><label>Search <input id="find" type="search"></label> '
        '<label><input id="failed" type="checkbox"> failed only</label> '
        '<button id="open" type="button">Open all</button> <output id="found"></output></p>'
        "<noscript><p>Search needs the script of this file; your browser's own search works.</p>"
        "</noscript>"
    )
    if has_pages:
        for part in held.parts():
            yield part
    else:
        async for part in _results(tree, hide):
            yield part
    yield "</main>"
    for each in scripts:
        yield f"<script>{each}</script>"
    yield "</body></html>\n"


async def _results(tree: Tree, hide: Hide) -> AsyncGenerator[str]:
    """Each session and what it came to."""
    number = 0
    async for line, result in tree.results():
        yield _opened(line, number)
        for part in _session(line, result, hide, has_task=False):
            yield part
        yield "</details>"
        number += 1


async def _transcripts(tree: Tree, hide: Hide, frames: Frames) -> AsyncGenerator[str]:
    """The same with what happened in it, as text and packed; each event is read once, for the frames too."""
    packing, texts = Packing(hide), _Texts(hide)
    await packing.begin_all(tree)
    number = 0
    async for line, result in tree.results():
        session = line.row.session
        yield _opened(line, number)
        for part in _session(line, result, hide, has_task=True):
            yield part
        packing.begin(line, result)
        async for event in tree.events(session.key):
            frames.take(event, lane_label(line), session.agent.name)
            packing.add(event, is_only=not texts.take(event))
        yield texts.transcript()
        yield "</details>"
        for block in packing.full():
            yield block
        number += 1
    yield packing.rest()


class _Held:
    """Parts that stand below what is known only after them, compressed until then."""

    def __init__(self) -> None:
        self._parts: list[bytes | Block] = []

    def add(self, part: str) -> None:
        is_packed = isinstance(part, Block)
        self._parts.append(part if is_packed else zlib.compress(part.encode("utf-8", _ANY), 1))

    def parts(self) -> Iterator[str]:
        for part in self._parts:
            yield part if isinstance(part, Block) else zlib.decompress(part).decode("utf-8", _ANY)


def _charts(frames: Frames) -> Iterator[str]:
    yield "<h2>Lanes</h2><figure>"
    yield svg_of(charts.gantt(frames))
    yield f"</figure><details><summary>Cost so far</summary>{svg_of(charts.cost(frames))}</details>"
    if any(frame.scores for frame in frames.frames):
        yield f"<details><summary>Scores</summary>{svg_of(charts.scores(frames))}</details>"


def _head(label: str, scripts: Sequence[str], *, has_pages: bool) -> str:
    plain, pages = _content(_STYLE), style()
    styles = f'<style id="plain-style">{plain}</style>'
    if has_pages:
        styles += f'<style id="pages-style" media="not all">{pages}</style>'
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src {' '.join(map(_hash, (plain, pages) if has_pages else (plain,)))}",
            f"script-src {' '.join(map(_hash, scripts))}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">'
        f"<title>{label}</title>{styles}</head><body>"
        '<div id="app" hidden></div>'
        '<main id="plain"><button id="pages" type="button" hidden>As pages</button>'
    )


def _hidden(frames: Frames, hide: Hide) -> Frames:
    for frame in frames.frames:
        frame.label = hide(frame.label)
        frame.spans = [span._replace(what=hide(span.what)) for span in frame.spans]
    return frames


def _agents(tree: Tree, hide: Hide) -> Iterator[str]:
    yield '<h2>Agents</h2><div class="wide"><table><thead><tr>'
    yield "".join(f'<th scope="col">{_safe(title)}</th>' for title in COLUMNS)
    yield "</tr></thead><tbody>"
    for number, line in enumerate(tree.lines):
        name, *cells = cells_of(line)
        shown = "".join(
            f"<td{' class=n' if title in NUMBERS else ''}>{_safe(hide(cell))}</td>"
            for title, cell in zip(COLUMNS[1:], cells, strict=True)
        )
        yield f'<tr><td><a href="#s{number}">{_safe(name)}</a></td>{shown}</tr>'
    yield "</tbody></table></div>"
    if tree.artifacts:
        listed = "".join(
            f"<li>{_safe(hide(each.name))}, {format.size(each.size)}</li>"
            for each in tree.artifacts
        )
        yield f"<h2>Files</h2><p>Only their names are in this file.</p><ul>{listed}</ul>"


def _opened(line: SessionLine, number: int) -> str:
    failed = " failed" if has_failed(line) else ""
    return f'<details class="session{failed}" id="s{number}">'


def _session(
    line: SessionLine, result: Result | None, hide: Hide, *, has_task: bool
) -> Iterator[str]:
    name, agent, label, model, state, *_ = map(hide, cells_of(line))
    facts = " · ".join(_safe(each) for each in (agent, model, state, name) if each)
    yield f"<summary><b>{_safe(label)}</b> <span>{facts}</span></summary>"
    if has_task and line.row.run.title:
        yield f"<p>Task: {_safe(hide(line.row.run.title))}</p>"
    if result is None:
        return
    if result.error is not None:
        error = result.error
        yield f'<p class="error"><b>{_safe(error.code)}</b> {_safe(hide(error.message))}'
        yield "".join(
            f"<br>{title}: {_safe(hide(text))}"
            for title, text in (("why", error.why), ("hint", error.hint))
            if text
        )
        yield "</p>"
    if answer := answer_of(result):
        yield f"<h3>Answer</h3><pre>{_block(hide(answer))}</pre>"


class _Texts:
    """The transcripts as text, as long as they are short in all."""

    def __init__(self, hide: Hide) -> None:
        self._hide = hide
        self._left = _MOST_TEXT
        self._lines: list[str] = []

    def take(self, event: Event) -> bool:
        """Add an event of a session; false if its text has no place."""
        if not self._left:
            return False
        line = _event(event, self._hide)
        if len(line) >= self._left:
            self._left = 0
            return False
        self._lines.append(line)
        self._left -= len(line)
        return True

    def transcript(self) -> str:
        """That of the session, as far as there was a place for it."""
        lines, self._lines = self._lines, []
        text = f'<h3>Transcript</h3><ol class="events">{"".join(lines)}</ol>' if lines else ""
        return text if self._left else text + _LEFT_OUT


def _event(event: Event, hide: Hide) -> str:
    described = describe(event.body)
    text = f"<pre>{_block(hide(described.text))}</pre>" if described.text else ""
    clock = f'<time datetime="{format.iso(event.at)}">{format.utc_clock(event.at)}</time>'
    return f"<li>{clock} {_safe(hide(described.title))}{text}</li>"


def _safe(text: str) -> str:
    """Text in one line, which nothing in it can leave."""
    return escape(format.one_line(text))


def _block(text: str) -> str:
    return escape(format.clean(text))


def _content(name: str) -> str:
    return files("parallel_agents.views.exports").joinpath(name).read_text("utf-8")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
