"""Display: one output of a notebook's cell that is replaced in place; plain text without a notebook."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


class Display:
    """What is shown in one place; each `show` replaces the one before it."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._is_notebook = is_notebook()
        self._last = ""

    def show(self, html: str, text: str) -> None:
        """Show this from now on; without a notebook, a text that is new is printed."""
        if not self._is_notebook:
            first = text.partition("\n")[0]
            if first != self._last:
                self._last = first
                sys.stderr.write(f"{first}\n")
            return
        content = {"text/html": html, "text/plain": text}
        if self._handle is None:
            display: Any = import_module("IPython.display").display
            self._handle = display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)


def is_notebook() -> bool:
    """Whether a cell of a notebook would show HTML; whoever has not loaded IPython has none."""
    shell: Any = sys.modules.get("IPython")
    running: Any = None if shell is None else shell.get_ipython()
    return running is not None and getattr(running, "kernel", None) is not None
