"""Quiet server: uvicorn that leaves signals and the log to the command."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from typing_extensions import override


class QuietServer(uvicorn.Server):
    """A server that leaves signals to the command."""

    @override
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
