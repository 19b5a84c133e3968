"""Streams: a command ends cleanly when the reader of its output leaves or the disk under it is full.

Three cases, settled once for whatever prints: a stream that was closed before the command started
(`>&-`) reads and writes nothing; stderr, which carries only notes, never fails; and stdout, which
carries results, fails once with `OutputLost`.
"""

from __future__ import annotations

import errno
import os
import sys
from io import BufferedWriter, FileIO, TextIOWrapper

from typing_extensions import Buffer, override

from parallel_agents.errors import OutputLost

_STDIN, _STDOUT, _STDERR = range(3)


def guard_streams() -> None:
    """Replace the process's streams by guarded ones."""
    for descriptor in (_STDIN, _STDOUT, _STDERR):
        _fill(descriptor)
    if sys.stdin is None:  # it was closed
        sys.stdin = open(_STDIN, closefd=False)  # noqa: SIM115 - for the process's life
    sys.stdout = _guarded(_STDOUT, sys.stdout, is_result=True)
    sys.stderr = _guarded(_STDERR, sys.stderr, is_result=False)


def _fill(descriptor: int) -> None:
    """Open a closed descriptor on /dev/null, or the next file opened would get what is printed."""
    try:
        os.fstat(descriptor)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null != descriptor:
            os.dup2(null, descriptor)
            os.close(null)


def _guarded(descriptor: int, stream: object, *, is_result: bool) -> TextIOWrapper:
    encoding = stream.encoding if isinstance(stream, TextIOWrapper) else "utf-8"
    raw = _Output(descriptor, is_result=is_result)
    # A terminal without Unicode gets escapes instead of an error in the middle of a result.
    return TextIOWrapper(
        BufferedWriter(raw),
        encoding,
        errors="backslashreplace",
        line_buffering=not is_result or raw.isatty(),
    )


class _Output(FileIO):
    """A descriptor that is given up after its first failed write."""

    def __init__(self, descriptor: int, *, is_result: bool) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self._is_result = is_result
        self._is_lost = False

    @override
    def write(self, data: Buffer, /) -> int:
        if self._is_lost:
            return memoryview(data).nbytes
        try:
            written = super().write(data)
        except OSError as error:
            if error.errno == errno.EAGAIN:
                raise
            self._is_lost = True
            if self._is_result:
                raise _lost(error) from error
            return memoryview(data).nbytes
        return written


def _lost(error: OSError) -> OutputLost:
    return OutputLost(
        "the output cannot be written",
        why=str(error),
        hint="free some space, or send the output elsewhere; what ran is in the store",
        is_reader_gone=isinstance(error, BrokenPipeError),
    )
