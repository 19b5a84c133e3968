"""Top pins: sessions that a digit leads back to, wherever they stand in the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallel_agents.core.ids import SessionKey
from parallel_agents.surfaces.cli.top_columns import Item

DIGITS = "123456789"


class Pins:
    """Which session has which digit."""

    def __init__(self) -> None:
        self._by_digit: dict[str, SessionKey] = {}

    def press(self, digit: str, current: SessionKey | None) -> tuple[SessionKey | None, str]:
        """The session to go to, if there is one, and what to say.

        A digit that is free is given to the current session, and taken from it again by a second press.
        """
        pinned = self._by_digit.get(digit)
        if pinned is not None and pinned != current:
            return pinned, ""
        if current is None:
            return None, "no session is selected"
        if pinned is not None:
            del self._by_digit[digit]
            return None, f"{digit} is free again"
        self._by_digit[digit] = current
        return None, f"{digit} leads here; here it takes the pin off"

    def shown(self, items: Sequence[Item]) -> Sequence[Item]:
        """The rows, with the digits of those that are pinned."""
        digits = {session: digit for digit, session in self._by_digit.items()}
        return [_pinned(item, digits) for item in items] if digits else items


def _pinned(item: Item, digits: Mapping[SessionKey, str]) -> Item:
    if item.session is None or item.session != item.key or item.session not in digits:
        return item
    stem, *rest = item.cells
    return item._replace(cells=(f"{stem}{digits[item.session]} ", *rest))
