"""The file of settings is changed whole, or stays as it was."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from parallel_agents.app.usable import problems_of_tables
from parallel_agents.configuring.config_file import ConfigFile
from parallel_agents.configuring.toml_text import with_value
from parallel_agents.errors import ConfigError, InvalidInput


@pytest.fixture
def file(tmp_path: Path) -> ConfigFile:
    return ConfigFile(path=tmp_path / "config.toml", problems=problems_of_tables)


@pytest.mark.real_time
async def test_changes_at_the_same_time_lose_nothing(file: ConfigFile) -> None:
    names = ("max_parallel", "state_keys", "state_megabytes", "tries")

    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(file.change(partial(with_value, steps=(name,), value=7)))

    assert file.tables() == dict.fromkeys(names, 7)


@pytest.mark.real_time
async def test_a_wrong_value_leaves_the_file_as_it_was(file: ConfigFile) -> None:
    file.path.write_text("max_parallel = 4 # four\n", "utf-8")

    with pytest.raises(ConfigError, match="max_parallel is invalid"):
        await file.change(partial(with_value, steps=("max_parallel",), value=0))

    assert file.path.read_text("utf-8") == "max_parallel = 4 # four\n"


@pytest.mark.real_time
async def test_a_mistake_that_was_there_does_not_stop_a_change(file: ConfigFile) -> None:
    file.path.write_text("modle = 4\n", "utf-8")

    assert await file.change(partial(with_value, steps=("tries",), value=2))


@pytest.mark.real_time
async def test_what_a_link_leads_to_is_replaced(file: ConfigFile, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text("", "utf-8")
    file.path.symlink_to(real)

    await file.change(partial(with_value, steps=("tries",), value=2))

    assert file.path.is_symlink()
    assert real.read_text("utf-8") == "tries = 2\n"


@pytest.mark.parametrize(
    "text",
    [
        "[settings.work]\ntries = 0\n",
        "[settings.work]\nmodle = 'x'\n",
        "settings = 3\n",
        "[settings]\nWork = {}\n",
        "[providers.mine]\nwire = 'pigeon'\n",
    ],
)
def test_a_profile_and_a_provider_are_checked_too(file: ConfigFile, text: str) -> None:
    with pytest.raises(ConfigError):
        file.check(text)


def test_a_file_that_is_not_toml_is_refused_with_its_cure(file: ConfigFile) -> None:
    file.path.write_bytes(b"\xff")

    with pytest.raises(ConfigError) as caught:
        file.tables()

    assert caught.value.hint == "correct it: pagents config edit"


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    file = ConfigFile(path=tmp_path / "home" / "config.toml", problems=problems_of_tables)

    with pytest.raises(InvalidInput, match="cannot be changed"):
        await file.change(lambda _: "max_parallel = 2\n")
