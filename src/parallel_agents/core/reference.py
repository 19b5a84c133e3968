"""Reference: where a secret is, written in place of the secret itself."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import override

MOST_CHARACTERS = 4_000
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Scheme(StrEnum):
    """Where a secret is: in a variable, in a file, in what a command prints, or in the system's keyring."""

    ENV = "env"
    FILE = "file"
    CMD = "cmd"
    KEYRING = "keyring"


FORMS = "env:NAME, file:PATH, cmd:COMMAND or keyring:SERVICE/USER"


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is.

    Attributes:
        target: the name of a variable, a path, a command line, or `SERVICE/USER`.
    """

    scheme: Scheme
    target: str

    @override
    def __str__(self) -> str:
        return f"{self.scheme}:{self.target}"

    @property
    def is_env(self) -> bool:
        return self.scheme is Scheme.ENV

    @property
    def brief(self) -> str:
        """The reference as errors name it: of a command only the program, since arguments may tell more."""
        if self.scheme is not Scheme.CMD:
            return str(self)
        program, *more = shlex.split(self.target)
        return f"cmd:{program}{' …' if more else ''}"

    @property
    def arguments(self) -> tuple[str, ...]:
        """The program and its arguments."""
        return tuple(shlex.split(self.target))

    @property
    def service_and_user(self) -> tuple[str, str]:
        """What the keyring knows it by."""
        service, _, user = self.target.rpartition("/")
        return service, user


def scheme_of(text: str) -> Scheme | None:
    """The scheme that a text begins with; None if it is not a reference."""
    name, colon, _ = text.strip().partition(":")
    return Scheme(name) if colon and name in frozenset(Scheme) else None


def parse_reference(text: str) -> Reference:
    """The reference in a text.

    Raises:
        ValueError: it is not a reference; the text of the error says what to write.
    """
    scheme = scheme_of(text)
    if scheme is None:
        raise ValueError(f"write {FORMS}, and keep the secret itself there")
    target = text.strip().partition(":")[2].strip()
    if why := _fault(scheme, target):
        raise ValueError(why)
    return Reference(scheme, target)


def _fault(scheme: Scheme, target: str) -> str:
    if not target:
        return f"{scheme}: names nothing; write {FORMS}"
    if len(target) > MOST_CHARACTERS or not target.isprintable():
        return (
            f"what follows {scheme}: is too long, or has a line break or another control character"
        )
    match scheme:
        case Scheme.ENV:
            return "" if _ENV_NAME.fullmatch(target) else "after env: write the name of a variable"
        case Scheme.FILE:
            is_whole = target.startswith(("/", "~/"))
            return "" if is_whole else "after file: write a path that begins with / or ~/"
        case Scheme.CMD:
            return _command_fault(target)
        case Scheme.KEYRING:
            service, _, user = target.rpartition("/")
            return "" if service and user else "after keyring: write SERVICE/USER"


def _command_fault(target: str) -> str:
    try:
        return "" if shlex.split(target) else "after cmd: write a program and its arguments"
    except ValueError as error:
        return f"the command after cmd: cannot be read: {str(error).lower()}"
