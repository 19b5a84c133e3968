"""Token file: a token in a file that only this user can read; it stays the same until another is asked for."""

from __future__ import annotations

import secrets
from pathlib import Path

from parallel_agents.errors import ConfigError
from parallel_agents.files import create_private_whole, make_private, write_private

_TOKEN_BYTES, LEAST_TOKEN = 32, 16
_MOST_BYTES = 4096


def own_token(file: Path) -> str:
    """The token in a file; made at the first start, of which several processes agree on one.

    Raises:
        ConfigError: the file holds none, or cannot be read.
        InvalidInput: it cannot be written.
    """
    if not file.exists():
        create_private_whole(file, secrets.token_urlsafe(_TOKEN_BYTES).encode())
    if file.exists() and not file.is_file():
        raise ConfigError(
            f"{file} is not a file", hint="remove it: the next start makes one with a token"
        )
    make_private(file)
    try:
        with file.open("rb") as opened:
            found = opened.read(_MOST_BYTES).decode("ascii", "ignore").strip()
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read", why=error.strerror or str(error), hint="make it readable"
        ) from error
    if len(found) < LEAST_TOKEN or any(not 33 <= ord(each) < 127 for each in found):
        raise ConfigError(f"{file} holds no token", hint="delete it: the next start makes one")
    return found


def replace_token(file: Path) -> None:
    """Put a new token into a file; whoever has the old one has to be given the new one.

    Raises:
        InvalidInput: it cannot be written.
    """
    write_private(file, secrets.token_urlsafe(_TOKEN_BYTES).encode())
