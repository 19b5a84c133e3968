"""Homes: which folder is the home of a user, and whether it can be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from parallel_agents.errors import ConfigError
from parallel_agents.trust import PROJECT_FOLDER


def check_home(folder: Path, variable: str) -> None:
    """Refuse as home what is there and is not a folder, or may not be entered.

    Args:
        folder: the folder that is named.
        variable: the variable that can name another one.

    Raises:
        ConfigError: it cannot be used.
    """
    try:
        os.stat(f"{folder}/.")  # noqa: PTH116 - a Path drops the point
    except FileNotFoundError:
        return  # the first command that writes makes it
    except OSError as error:
        is_other = isinstance(error, NotADirectoryError)
        raise ConfigError(
            f"{folder} {'is not a folder' if is_other else 'cannot be used'}",
            why="the store, the models and the results are kept in the home folder"
            if is_other
            else error.strerror or str(error),
            hint=f"name a folder of yours with --home, in Python home=, or {variable}",
        ) from error


def default_home(variables: Mapping[str, str], variable: str) -> Path:
    """The home folder if none is named.

    Raises:
        ConfigError: the user has no folder to have one in.
    """
    if variables.get("HOME") == "":  # Python would take the root of the file system for it
        raise ConfigError(
            "HOME is empty",
            why="the store is kept in the folder .parallel-agents of your home folder",
            hint=f"set HOME, or name a folder with --home, in Python home=, or {variable}",
        )
    return Path.home() / PROJECT_FOLDER
