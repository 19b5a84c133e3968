"""Top list: a list of rows of which only the visible ones are drawn, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from typing_extensions import override

from parallel_agents.core.ids import SessionKey
from parallel_agents.surfaces.cli.top_columns import Columns, Item, columns_of, text_of


class TopList(ScrollView, can_focus=True):
    """Rows with a cursor that stays on its row, wherever the row moves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "edge(0)", show=False),
        Binding("end", "edge(1)", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row; `by_key` says that a person moved it."""

        def __init__(self, item: Item | None, *, by_key: bool) -> None:
            super().__init__()
            self.item = item
            self.by_key = by_key

    def __init__(self, shown: Callable[[str], str]) -> None:
        super().__init__()
        self._items: Sequence[Item] = ()
        self._columns: tuple[int, Columns] | None = None
        self._cursor = 0
        self._shown = shown
        self._ground = Style()

    @property
    def current(self) -> Item | None:
        """The row under the cursor; None if there are no rows."""
        return self._items[self._cursor] if self._items else None

    @property
    def items(self) -> Sequence[Item]:
        return self._items

    def show(self, items: Sequence[Item]) -> None:
        """List these rows; the cursor stays on its row, or near where it was if that is gone."""
        before = self.current
        self._items, self._columns = items, None
        places = {item.key: place for place, item in enumerate(items)}
        wanted = self._cursor if before is None else places.get(before.key, self._cursor)
        self._cursor = max(min(wanted, len(items) - 1), 0)
        self.virtual_size = Size(self.size.width, len(items))
        self._follow()
        self.refresh()
        if before is None or self.current is None or before.key != self.current.key:
            self.post_message(self.Moved(self.current, by_key=False))

    def go_to(self, session: SessionKey) -> bool:
        """Put the cursor on the row of a session; whether it has one."""
        places = [place for place, item in enumerate(self._items) if item.key == session]
        if places:
            self._go(places[0])
        return bool(places)

    def action_move(self, by: int) -> None:
        self._go(self._cursor + by)

    def action_page(self, by: int) -> None:
        self._go(self._cursor + by * max(self.size.height - 1, 1))

    def action_edge(self, end: int) -> None:
        self._go(len(self._items) - 1 if end else 0)

    def _go(self, to: int) -> None:
        before, cursor = self._cursor, max(min(to, len(self._items) - 1), 0)
        if cursor == before:
            return
        self._cursor = cursor
        top = self.scroll_offset.y
        self._follow()
        if self.scroll_offset.y == top:
            self.refresh_line(before)
            self.refresh_line(cursor)
        else:
            self.refresh()
        self.post_message(self.Moved(self.current, by_key=True))

    def _follow(self) -> None:
        self.scroll_to_region(
            Region(0, self._cursor, 1, 1), animate=False, force=True, immediate=True
        )

    @override
    def render_lines(self, crop: Region) -> list[Strip]:
        self._ground = self.rich_style  # it takes longer to find than a line to draw
        return super().render_lines(crop)

    @override
    def render_line(self, y: int) -> Strip:
        place, width = self.scroll_offset.y + y, self.size.width
        if place >= len(self._items):
            return Strip.blank(width, self._ground)
        item = self._items[place]
        style = f"{item.style} reverse" if place == self._cursor else item.style
        strip = Strip(
            [
                Segment(
                    self._shown(text_of(item, width, self._columns_for(width))), Style.parse(style)
                )
            ]
        )
        strip = strip.extend_cell_length(width, Style.parse(style))
        return strip.adjust_cell_length(width, self._ground).apply_style(self._ground)

    def _columns_for(self, width: int) -> Columns:
        """Those of all rows, found once for each list and width."""
        if self._columns is None or self._columns[0] != width:
            self._columns = width, columns_of(self._items, width)
        return self._columns[1]
