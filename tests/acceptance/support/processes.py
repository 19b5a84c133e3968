"""A command that runs, and one that has ended."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

from tests.acceptance.support.waiting import PATIENCE_SECONDS, wait_until
from tests.support.loaded import Process

# What a command prints has the shape that the test at hand asserts.
Document: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def documents(self) -> list[Document]:
        """Each line of stdout as JSON: what is no JSON fails the test."""
        return [orjson.loads(line) for line in self.out.splitlines()]

    def assert_refused(self, code: str, *words: str, exits: int) -> None:
        """It ended in the few lines of an error and nothing else, with these words in them."""
        lines = self.err.splitlines()

        assert self.code == exits, self
        assert self.out == ""
        assert lines[0].startswith(f"✖ {code}  "), self.err
        assert [line.split()[0] for line in lines[1:]] in (
            ["why", "hint", "docs"],
            ["hint", "docs"],
        ), self.err
        assert lines[-1].endswith(f"pagents docs {code.removeprefix('PA-')}")
        for word in words:
            assert word in self.err


@dataclass(slots=True)
class Running:
    """A command that runs; what it prints is read as it comes."""

    process: Process
    _printed: dict[str, bytes] = field(default_factory=lambda: {"out": b"", "err": b""})
    _readers: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def __post_init__(self) -> None:
        for name, pipe in (("out", self.process.stdout), ("err", self.process.stderr)):
            assert pipe is not None
            reader = threading.Thread(target=self._read, args=(name, pipe.fileno()))
            reader.start()
            self._readers.append(reader)

    def _read(self, name: str, descriptor: int) -> None:
        while piece := os.read(descriptor, 65536):
            self._printed[name] += piece

    @property
    def out(self) -> str:
        return self._printed["out"].decode()

    @property
    def err(self) -> str:
        return self._printed["err"].decode()

    def wait_for(self, words: str) -> None:
        """Return once it has printed these words, on either stream."""
        wait_until(lambda: words in self.out + self.err or self.process.poll() is not None)
        if words not in self.out + self.err:
            ended = self.ended()
            assert words in ended.out + ended.err

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command."""
        self.process.send_signal(number)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        self.process.kill()
        self.ended()

    def ended(self, seconds: float = PATIENCE_SECONDS) -> Ended:
        """Wait for its end."""
        code = self.process.wait(seconds)
        for reader in self._readers:
            reader.join()
        return Ended(code, self.out, self.err)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.ended()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
