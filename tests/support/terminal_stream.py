"""Terminal stream: a text that says it is a terminal, for what is shown to people only."""

from __future__ import annotations

import io

from typing_extensions import override


class TerminalStream(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True
