"""What the acceptance tests share: the installed command in a home of its own, and a provider."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.acceptance.support.command import COMMAND, Pagents, open_home
from tests.acceptance.support.provider import FakeProvider, serving
from tests.local_models import EMBEDDED, fetched
from tests.support.terminal import Terminal

if TYPE_CHECKING:
    from tests.support.loaded import Loaded

Open: TypeAlias = Callable[..., Terminal]


@pytest.fixture(scope="module")
def served() -> Iterator[FakeProvider]:
    with serving() as fake:
        yield fake


@pytest.fixture
def provider(served: FakeProvider) -> FakeProvider:
    served.begin()
    return served


@pytest.fixture
def pagents(
    provider: FakeProvider, tmp_path: Path, loaded: Loaded | None, programs: Path
) -> Iterator[Pagents]:
    program = programs / COMMAND.name
    with open_home(tmp_path, provider.base_url, loaded=loaded, program=program) as command:
        yield command
        for log in command.home.glob("worker.log*"):  # shown with a test that failed
            sys.stdout.write(f"{log.name}:\n{log.read_text('utf-8', 'replace')}")


@pytest.fixture(scope="module")
def shared(
    served: FakeProvider,
    tmp_path_factory: pytest.TempPathFactory,
    loaded: Loaded | None,
    programs: Path,
) -> Iterator[Pagents]:
    """A home for the tests of a module that look at the same commands, or leave nothing behind."""
    place = tmp_path_factory.mktemp("shared")
    program = programs / COMMAND.name
    with open_home(place, served.base_url, loaded=loaded, program=program) as command:
        yield command


@pytest.fixture
def embedded(pagents: Pagents, pytestconfig: pytest.Config) -> Pagents:
    """The command with the embedded model, for tests of --long."""
    if not pytestconfig.getoption("--long"):
        pytest.skip("1.1 GB, and minutes of inference: --long")
    (pagents.home / "models").symlink_to(fetched(EMBEDDED))
    pagents.environment["PARALLEL_AGENTS_LOCAL_KEEP_SECONDS"] = "5"
    return pagents


@pytest.fixture
def terminal(pagents: Pagents, programs: Path, loaded: Loaded | None) -> Iterator[Open]:
    """Opens terminals, each with a command in it."""
    # A forked command makes the terminal its own.
    start = ("setsid", "--ctty") if loaded is None else ()
    path = f"{programs}{os.pathsep}{pagents.environment['PATH']}"
    with ExitStack() as opened:

        def open_terminal(
            *arguments: str, width: int = 100, height: int = 24, **variables: str
        ) -> Terminal:
            made = Terminal(
                [*start, str(pagents.program), *arguments],
                pagents.environment | {"PATH": path} | variables,
                pagents.folder,
                pagents.wait_until,
                width=width,
                height=height,
            )
            return opened.enter_context(closing(made))

        yield open_terminal
