"""What the acceptance tests share: the installed command in a home of its own, and a provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.support.command import Pagents, open_home
from tests.acceptance.support.provider import FakeProvider, serving


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with serving() as fake:
        yield fake


@pytest.fixture
def bench(provider: FakeProvider) -> FakeProvider:
    provider.begin()
    return provider


@pytest.fixture
def pagents(bench: FakeProvider, tmp_path: Path) -> Iterator[Pagents]:
    with open_home(tmp_path, bench.base_url) as command:
        yield command


@pytest.fixture(scope="module")
def shared(provider: FakeProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pagents]:
    """A home for the tests of a module that look at the same commands, or leave nothing behind."""
    with open_home(tmp_path_factory.mktemp("shared"), provider.base_url) as command:
        yield command
