"""Top app: the live terminal view on Textual; a client like any other, which ends nothing by leaving."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static
from typing_extensions import override

from parallel_agents.core.ids import SessionKey, short
from parallel_agents.errors import PagentsError
from parallel_agents.secrets.known import KNOWN
from parallel_agents.surfaces.cli import top_head, top_rows, top_seen
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.top_alerts import Alerts, notification
from parallel_agents.surfaces.cli.top_columns import Item
from parallel_agents.surfaces.cli.top_driver import tell
from parallel_agents.surfaces.cli.top_keys import BINDINGS, hints_for
from parallel_agents.surfaces.cli.top_list import TopList
from parallel_agents.surfaces.cli.top_page import open_page
from parallel_agents.surfaces.cli.top_pins import Pins
from parallel_agents.surfaces.cli.top_rows import Shown
from parallel_agents.surfaces.cli.top_seen import Seen
from parallel_agents.surfaces.cli.top_views import Typing, View, Views
from parallel_agents.surfaces.cli.top_work import TopWork
from parallel_agents.views import format
from parallel_agents.views.attention import FixedOrder

_LOOK_SECONDS, _REST_SECONDS, _MOST_REST_SECONDS = 1.0, 4.0, 15.0
_PEEK_ROWS, _SMALL_HEIGHT, _PEEK_SECONDS = 8, 30, 0.15


class TopApp(App[None]):
    """All live work, by who needs a person."""

    CSS = """
    Screen { layout: vertical; }
    #head { height: 1; text-style: bold; }
    TopList { height: 1fr; background: $background; }
    #title { height: 1; color: $text-muted; }
    #peek { height: 8; }
    #line { height: 1; border: none; padding: 0; }
    #note { height: 1; }
    .small #peek { height: 1; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [*BINDINGS]

    def __init__(self, context: CliContext, *, is_ascii: bool = False) -> None:
        super().__init__()
        self._is_ascii = is_ascii
        self._work = TopWork(context)
        self._seen = Seen()
        self._order: FixedOrder[str] = FixedOrder()
        self._opened: set[SessionKey] = set()
        self._shown = Shown()
        self._view = View.RUNS
        self._typing = Typing.STEER
        self._pending: Sequence[Item] | None = None
        self._moved_at = float("-inf")
        self._views = Views(self._work)
        self._confirm: Callable[[], Awaitable[str]] | None = None
        self._alerts = Alerts()
        self._pins = Pins()
        self._lost = ""
        self._wake = asyncio.Event()

    @override
    def compose(self) -> ComposeResult:
        yield Static(id="head", markup=False)
        yield TopList(self._plain)
        yield Static(id="title", markup=False)
        yield Static(id="peek", markup=False)
        yield Input(id="line", compact=True)
        yield Static(id="note", markup=False)

    def on_mount(self) -> None:
        self._work.start()
        self.query_one(TopList).focus()
        self.query_one(Input).can_focus = False
        self.run_worker(self._look_on(), exclusive=True, group="look")

    def on_unmount(self) -> None:
        self._work.close()

    def on_resize(self, event: events.Resize) -> None:
        self.screen.set_class(event.size.height < _SMALL_HEIGHT, "small")
        if not (line := self.query_one(Input)).has_focus:
            line.placeholder = hints_for(event.size.width)
        self._redraw()

    def _plain(self, text: str) -> str:
        hidden = KNOWN.hide(text)
        return top_rows.in_ascii(hidden) if self._is_ascii else hidden

    def _say(self, text: str) -> None:
        self._show("note", self._plain(format.cut(text, max(self.size.width, 20))))

    def _show(self, place: str, text: str) -> None:
        """Show a text at its place, which is gone while the screen closes."""
        for each in self.query(f"#{place}").results(Static):
            each.update(Text(text))

    async def _look_on(self) -> None:
        """Look again and again; a store that takes long to read is read less often."""
        while True:
            began = time.monotonic()
            try:
                await self._look()
                self._lost = ""
            except PagentsError as error:
                self._lost = self._clock()
                self._draw_head()
                self._say(f"{error.code} {error.message}; what is shown is of {self._clock()}")
            took = time.monotonic() - began
            rest = min(max(_LOOK_SECONDS, took * _REST_SECONDS), _MOST_REST_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._wake.wait()
            self._wake.clear()

    def _clock(self) -> str:
        return format.clock(self._seen.at) if self._seen.at else "never"

    async def _look(self) -> None:
        async def read() -> Seen:
            async with self._work.reader() as reader:
                return await top_seen.look(reader, frozenset(self._opened))

        self._seen = await self._work.do(read())
        if not self.query(TopList):
            return  # the screen has closed meanwhile
        self._ring()
        self._draw_head()
        self.title = f"{self._seen.needed} need you"
        if self._view in (View.RUNS, View.INBOX):
            self._offer(self._listed())
        if self._view is View.RUNS:
            await self._peek(self.query_one(TopList).current)

    def _ring(self) -> None:
        """Ring once for each question, and for each session that failed, since the start."""
        if alerts := self._alerts.of(self._seen):
            self.bell()
            tell(self, self._plain(notification(alerts)))

    def _listed(self) -> Sequence[Item]:
        if self._view is View.INBOX:
            return top_rows.inbox_rows(self._seen)
        return self._pins.shown(top_rows.session_rows(self._seen, self._order, self._shown))

    def _offer(self, items: Sequence[Item]) -> None:
        """Show rows; while a person moves, only what they say changes, and not where they stand."""
        shown = self.query_one(TopList)
        before, after = [item.key for item in shown.items], [item.key for item in items]
        is_moving = time.monotonic() - self._moved_at < _REST_SECONDS
        if before and before != after and is_moving:
            self._pending = items
            fresh = {item.key: item for item in items}
            shown.show([fresh.get(item.key, item) for item in shown.items])
            self._draw_head(len(set(before) ^ set(after)) or 1)
            return
        self._pending = None
        self._draw_head()
        shown.show(items)

    def _draw_head(self, changes: int = 0) -> None:
        """The line at the top, with how many changes of the list wait."""
        waiting = f"{changes:,} changes, press . to apply" if changes else ""
        note = waiting or self._work.connection(self._lost)
        head = top_head.head(self._seen, max(self.size.width, 20), note)
        self._show("head", self._plain(head))

    def _redraw(self) -> None:
        if self._seen.at:
            self._draw_head()
            self.query_one(TopList).show(self._listed() if self._is_of_seen else self._rows())

    @property
    def _is_of_seen(self) -> bool:
        return self._view in (View.RUNS, View.INBOX)

    def _rows(self) -> Sequence[Item]:
        return self.query_one(TopList).items

    @on(TopList.Moved)
    async def _on_moved(self, moved: TopList.Moved) -> None:
        if moved.by_key:
            self._moved_at = time.monotonic()
            self._confirm = None
        self.run_worker(self._peek_soon(moved.item), exclusive=True, group="peek")

    async def _peek_soon(self, item: Item | None) -> None:
        """Peek once the cursor rests: rows that it only passes are not read."""
        await asyncio.sleep(_PEEK_SECONDS)
        await self._peek(item)

    async def _peek(self, item: Item | None) -> None:
        session = None if item is None else item.session
        most = 1 if self.screen.has_class("small") else _PEEK_ROWS
        if session is None:
            self._show("title", "")
            self._show("peek", "")
            return

        async def read() -> Sequence[str]:
            async with self._work.reader() as reader:
                found = await top_seen.tail(reader, session)
                return top_rows.peek_lines(found, most, session, self._seen.labels)

        with suppress(PagentsError):
            lines = await self._work.do(read())
            width = max(self.size.width, 20)
            cut = "\n".join(self._plain(format.cut(line, width)) for line in lines)
            label = "" if item is None else item.cells[1]
            self._show("title", self._plain(f"─ {label}  {short(session)}"))
            self._show("peek", cut)

    def action_apply(self) -> None:
        self._moved_at = float("-inf")
        if self._pending is not None:
            self._offer(self._pending)

    def action_problems(self) -> None:
        self._shown = self._shown._replace(only_problems=not self._shown.only_problems)
        self._say("only what needs you, failed or stopped" if self._shown.only_problems else "")
        self._moved_at = float("-inf")
        self._redraw()

    def action_open(self) -> None:
        item = self.query_one(TopList).current
        if item is None or item.session is None or self._view is not View.RUNS:
            return
        self._opened ^= {item.session}
        self._moved_at = float("-inf")
        self._shown = self._shown._replace(opened=frozenset(self._opened))
        self._redraw()
        self._wake.set()

    def action_leave_view(self) -> None:
        line = self.query_one(Input)
        if line.has_focus:
            self._end_typing()
        elif self._view is not View.RUNS:
            self._view = View.RUNS
            self._redraw()
        elif self._shown.filter:
            self._shown = self._shown._replace(filter="")
            self._redraw()
        self._confirm = None
        self._say("")

    def action_type_line(self, what: str) -> None:
        item = self.query_one(TopList).current
        self._typing = Typing(what)
        if self._typing is not Typing.FILTER and (item is None or item.session is None):
            self._say("no session is selected")
            return
        if self._typing is Typing.ANSWER and (item is None or not item.question):
            self._say("it asks nothing; s steers it, i lists questions")
            return
        line = self.query_one(Input)
        line.can_focus = True
        line.placeholder = f"{what} {'' if item is None else item.cells[1]}: "
        line.focus()

    def _end_typing(self) -> None:
        line = self.query_one(Input)
        line.value = ""
        line.placeholder = hints_for(self.size.width)
        self.query_one(TopList).focus()
        line.can_focus = False

    @on(Input.Submitted)
    def _on_submitted(self, submitted: Input.Submitted) -> None:
        text, item = submitted.value.strip(), self.query_one(TopList).current
        self._end_typing()
        if self._typing is Typing.FILTER:
            self._shown = self._shown._replace(filter=text)
            self._redraw()
        elif text and item is not None and item.session is not None:
            if self._typing is Typing.ANSWER or item.question:
                self._do(lambda: self._work.do(self._work.answer(item.question, text)))
                return
            session = item.session

            def tell(told: str) -> None:
                self.call_from_thread(self._say, told)

            self._do(lambda: self._work.do(self._work.steer(session, text, tell)))

    def _do(self, work: Callable[[], Awaitable[str]]) -> None:
        """Do what was asked for, and say what became of it."""

        async def done() -> None:
            try:
                self._say(await work())
            except PagentsError as error:
                hint = f": {error.hint}" if error.hint else ""
                self._say(f"{error.code} {error.message}{hint}")
            self._wake.set()

        self.run_worker(done(), group="do")

    def action_kill(self) -> None:
        item = self.query_one(TopList).current
        if item is None or (session := item.session) is None:
            self._say("no session is selected")
            return

        async def end() -> str:
            return (await self._work.do(self._work.kill(session, dry_run=False)))[0]

        async def preview() -> str:
            told, is_any = await self._work.do(self._work.kill(session, dry_run=True))
            if not is_any:
                return told
            self._confirm = end
            return f"y ends it, escape leaves it: {told}"

        self._do(preview)

    def action_pause(self) -> None:
        item = self.query_one(TopList).current
        if item is not None and (session := item.session) is not None:
            self._do(lambda: self._work.do(self._work.pause(session)))

    def action_retry(self) -> None:
        item = self.query_one(TopList).current
        letter = None if item is None else self._views.letters.get(item.key)
        if letter is None or self._view is not View.DEAD_LETTERS:
            self._say("r runs dead letters again; d lists them")
            return
        self._confirm = lambda: self._work.do(self._work.retry(letter))
        spent = format.money(letter.run.spend)
        self._say(f"y runs it again, escape leaves it: {letter.session.label} cost {spent} before")

    def action_yes_or_copy(self) -> None:
        if self._confirm is not None:
            confirmed, self._confirm = self._confirm, None
            self._do(confirmed)
            return
        item = self.query_one(TopList).current
        if item is not None and item.session is not None:
            command = f"pagents history {short(item.session)} -f"
            self.copy_to_clipboard(command)
            self._say(f"copied: {command}")

    def action_pin(self, digit: str) -> None:
        item = self.query_one(TopList).current
        session, told = self._pins.press(digit, None if item is None else item.session)
        if session is not None:
            found = self.query_one(TopList).go_to(session)
            told = "" if found else f"{digit} is not listed now; its team may be closed"
        self._say(told)
        self._redraw()

    def action_page(self) -> None:
        item = self.query_one(TopList).current
        if item is None or item.session is None:
            self._say("no session is selected")
            return
        session = item.session

        async def opened() -> str:
            address = await self._work.do(self._work.page(session))
            if await asyncio.to_thread(open_page, address):
                return f"opened {address}"
            self.copy_to_clipboard(address)
            return f"there is no browser here; copied: {address}"

        self._do(opened)

    def action_view(self, name: str) -> None:
        view = View(name)
        if view is self._view:
            self.action_leave_view()
            return
        item = self.query_one(TopList).current
        self._confirm = None
        self.run_worker(self._change(view, item), exclusive=True, group="view")

    async def _change(self, view: View, item: Item | None) -> None:
        try:
            rows = await self._views.rows(view, item, self._seen, self.size.width)
        except PagentsError as error:
            self._say(f"{error.code} {error.message}")
            return
        self._view = view
        self._pending = None
        self.query_one(TopList).show(rows)
        self._say(f"{view.value}; escape goes back")
