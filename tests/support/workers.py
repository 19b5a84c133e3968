"""Workers: processes that run the tests side by side, forked from the one that has collected them.

A worker has all that was loaded and collected, where one that is started anew would load and collect it
all again. It runs file after file, and what it tells of each test is reported as if there were one process.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, pairwise
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TextIO, TypeAlias

import pytest
from _pytest import runner
from _pytest.capture import CaptureManager

Reports: TypeAlias = "Sequence[dict[str, Any]]"  # of one test, as pytest writes them

SHARED = pytest.StashKey[Path]()  # a folder of all workers
_STDERR = 2
_FORKING = multiprocessing.get_context("fork")


def run_in_workers(session: pytest.Session, count: int) -> None:
    """Run the collected tests in so many processes, a file in one of them."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.showfspath = False  # a result seldom belongs to the file of the one before
    folder = session.config.stash[SHARED] = Path(tempfile.mkdtemp(prefix="w-"))
    pool = _Pool(session, folder)
    try:
        pool.run(count)
    finally:
        pool.close()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worker:
    """A worker as the pool sees it; `left` are the tests that it has been given and not yet run."""

    number: int
    process: BaseProcess
    left: list[int] = field(default_factory=list[int])


class _Pool:
    def __init__(self, session: pytest.Session, folder: Path) -> None:
        self._session = session
        self._folder = folder
        self._files = _by_file(session.items)
        self._workers: dict[Connection, _Worker] = {}

    def run(self, count: int) -> None:
        """Start workers, give each the next file when it asks, and report what they tell."""
        for number in range(min(count, len(self._files))):
            self._start(number)
        while self._workers:
            for told in wait(list(self._workers)):
                assert isinstance(told, Connection)
                self._hear(told, self._workers[told])
            if self._session.shouldfail:
                raise self._session.Failed(self._session.shouldfail)
            if self._session.shouldstop:
                raise self._session.Interrupted(self._session.shouldstop)

    def close(self) -> None:
        """Have the workers end, each after the test that it runs."""
        for told, worker in self._workers.items():
            with suppress(BrokenPipeError):
                told.send([])
            worker.process.join()
            told.close()

    def _start(self, number: int) -> None:
        ours, theirs = (Connection(end.detach()) for end in socket.socketpair())
        closing = (ours, *self._workers)  # or a worker would not notice that this process is gone
        work = _Work(self._session, theirs, closing, self._folder / str(number))
        process = _FORKING.Process(target=work.do)
        process.start()
        theirs.close()
        self._workers[ours] = _Worker(number=number, process=process)

    def _hear(self, told: Connection, worker: _Worker) -> None:
        try:
            reports: Reports | None = told.recv()
        except (EOFError, ConnectionResetError):
            self._end(told, worker)
            return
        if reports is not None:
            self._report(worker.left.pop(0), [self._read(each) for each in reports])
            return
        tests = self._files.pop(0) if self._files else []
        worker.left.extend(tests)
        with suppress(BrokenPipeError):  # its end is heard next
            told.send(tests)

    def _read(self, report: dict[str, Any]) -> pytest.TestReport:
        config = self._session.config
        return config.hook.pytest_report_from_serializable(config=config, data=report)

    def _report(self, test: int, reports: Sequence[pytest.TestReport]) -> None:
        hook, item = self._session.config.hook, self._session.items[test]
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in reports:
            hook.pytest_runtest_logreport(report=report)
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

    def _end(self, told: Connection, worker: _Worker) -> None:
        """Report the test in which a worker ended too early, and have another one run the rest."""
        del self._workers[told]
        told.close()
        worker.process.join()
        if not worker.left:
            return
        test, *rest = worker.left
        item = self._session.items[test]
        why = f"the process that ran it ended with {worker.process.exitcode}"
        self._report(
            test, [pytest.TestReport(item.nodeid, item.location, {}, "failed", why, "call")]
        )
        if rest:
            self._files.insert(0, rest)
            self._start(worker.number)


def _by_file(items: Sequence[pytest.Item]) -> list[list[int]]:
    """The numbers of the tests, by file."""
    files: dict[Path, list[int]] = {}
    for number, item in enumerate(items):
        files.setdefault(item.path, []).append(number)
    return list(files.values())


class _Work:
    """What a worker does. It is made in the process that forks, and used in the worker."""

    def __init__(
        self,
        session: pytest.Session,
        pool: Connection,
        closing: Sequence[Connection],
        folder: Path,
    ) -> None:
        self._session = session
        self._pool = pool
        self._closing = closing
        self._folder = folder
        self._reports: list[dict[str, Any]] = []

    def do(self) -> None:
        """Run tests until the pool has none left, or tells it to end."""
        self._begin()
        items, hook = self._session.items, self._session.config.hook
        try:
            for test, following in pairwise(chain(self._tests(), [None])):
                assert test is not None
                nextitem = None if following is None else items[following]
                hook.pytest_runtest_protocol(item=items[test], nextitem=nextitem)
                self._pool.send(self._reports)
                self._reports.clear()
                if self._session.shouldfail or self._session.shouldstop or self._pool.poll():
                    break
        except (KeyboardInterrupt, BrokenPipeError, EOFError):
            pass  # the pool is interrupted, too, or is gone
        finally:
            runner.pytest_sessionfinish(self._session)  # of what is shared, if a test was to follow

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        config = self._session.config
        self._reports.append(
            config.hook.pytest_report_to_serializable(config=config, report=report)
        )

    def _begin(self) -> None:
        for each in self._closing:
            each.close()
        plugins = self._session.config.pluginmanager
        writer = self._session.config.get_terminal_writer()
        plugins.unregister(name="terminalreporter")
        plugins.register(_Quiet(writer), "terminalreporter")
        plugins.register(self, "worker")
        capturing = plugins.get_plugin("capturemanager")
        assert isinstance(capturing, CaptureManager)
        capturing.resume_global_capture()
        for stream in (sys.stdout, sys.stderr):
            _give_own_file(stream)
        capturing.suspend_global_capture()
        self._folder.mkdir(exist_ok=True)
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(self._folder)

    def _tests(self) -> Iterator[int]:
        while True:
            self._pool.send(None)
            tests: Sequence[int] = self._pool.recv()
            if not tests:
                return
            yield from tests


def _give_own_file(stream: TextIO) -> None:
    """Have what a stream captures written to a file of this worker, and not where the others write it.

    It stays the same object, since modules have taken it when they were loaded.
    """
    with suppress(io.UnsupportedOperation):  # it captures in memory
        if (number := stream.fileno()) > _STDERR:  # or nothing is captured
            with tempfile.TemporaryFile() as file:
                os.dup2(file.fileno(), number, inheritable=False)


class _Quiet:
    """Has a place in a worker of what reports: plugins ask it where to write what cannot wait."""

    def __init__(self, writer: object) -> None:
        self._tw = writer
