"""What all tests share: async tests, the option for long runs, hypothesis without deadlines.

An `async def` test of tests/unit runs on virtual time; any other runs on a loop of its own, as
`asyncio.run` makes it. `@pytest.mark.virtual_time` and `@pytest.mark.real_time` choose otherwise, and
tests with the fixture `runner` share its loop.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import signal
import sys
from collections.abc import Callable, Coroutine, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from parallel_agents.secrets.known import KNOWN
from parallel_agents.secrets.looking_up import LOOKUPS
from parallel_agents.testing import run_virtual
from tests.support.loaded import Loaded
from tests.support.workers import run_in_workers

AsyncTest = Callable[..., Coroutine[Any, Any, None]]

_YOUNG_OBJECTS = 20_000

settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", parent=settings.get_profile("suite"), max_examples=1000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="more rounds of the chaos tests")
    parser.addoption("--workers", type=int, default=0, help="processes that run the tests")


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As in the background of a shell; what the tests start would not hear a Ctrl-C either.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.load_profile("long" if config.getoption("--long") else "suite")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let no search for garbage look at the tests and modules, which stay until the end.

    Later searches are rare: most of what a test makes is gone by itself, and looking at it every 700
    objects takes a quarter of the time of short tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS)
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the tests in several processes, if asked to and if they could be collected."""
    workers = session.config.getoption("--workers")
    if not workers or session.testsfailed or session.config.option.collectonly:
        return None
    run_in_workers(session, workers)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test on its loop; leave any other test to pytest."""
    test = pyfuncitem.obj
    if (property_test := getattr(test, "hypothesis", None)) is not None:
        # `@given` calls the test once for each example, and each example has a loop of its own.
        if inspect.iscoroutinefunction(property_test.inner_test):
            property_test.inner_test = make_sync(property_test.inner_test, pyfuncitem)
        return None
    if not inspect.iscoroutinefunction(test):
        return None
    names = inspect.signature(test).parameters
    make_sync(test, pyfuncitem)(**{name: pyfuncitem.funcargs[name] for name in names})
    return True


def make_sync(test: AsyncTest, item: pytest.Function) -> Callable[..., None]:
    """Wrap an async test in a function that runs it on the loop that its item asks for."""
    virtual = item.get_closest_marker("virtual_time")
    is_unit = "unit" in item.path.relative_to(item.config.rootpath).parts
    is_virtual = virtual or (is_unit and not item.get_closest_marker("real_time"))
    shared: Any = item.funcargs.get("runner")

    @functools.wraps(test)
    def run(**arguments: Any) -> None:
        if is_virtual:
            run_virtual(test(**arguments), **(virtual.kwargs if virtual else {}))
        elif shared is not None:
            shared.run(test(**arguments))
        else:
            asyncio.run(test(**arguments))

    return run


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """The loop of the tests that share something which is bound to one."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(autouse=True)
def _no_secret_of_another_test() -> Iterator[None]:
    """What one test made known, another one must not find hidden."""
    yield
    KNOWN.clear()
    LOOKUPS.clear()


@pytest.fixture(scope="module", autouse=True)
def _garbage_is_of_its_file() -> Iterator[None]:
    """What a file leaves unclosed or not awaited fails its last test, and no later file's."""
    yield
    gc.collect(1)


@pytest.fixture(scope="session")
def loaded(pytestconfig: pytest.Config) -> Iterator[Loaded | None]:
    """Forks processes that have the package loaded; with --long, each starts an interpreter."""
    if pytestconfig.getoption("--long"):
        yield None
        return
    interpreter = Loaded()
    yield interpreter
    interpreter.close()


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory, loaded: Loaded | None) -> Path:
    """The folder of `pagents` and `python`; what they start has the package loaded."""
    if loaded is None:
        return Path(sys.executable).parent
    folder = tmp_path_factory.mktemp("programs")
    loaded.install(folder)
    return folder
