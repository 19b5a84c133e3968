"""Looking up: the value that a reference stands for, within bounds of size and time.

A value is asked for when it is needed, and no value is written anywhere. What a command or the
keyring said is kept in memory, since asking may need a person.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

from parallel_agents.containment.commands import ask_command, why_not_found
from parallel_agents.core.command import CommandEnd, Ending
from parallel_agents.core.cutting import tail
from parallel_agents.core.reference import Reference, Scheme, parse_reference
from parallel_agents.core.unicode import without_escapes
from parallel_agents.errors import MissingKey, SecretUnavailable
from parallel_agents.extras import install_line
from parallel_agents.interpreter import python_command
from parallel_agents.secrets.known import KNOWN

MOST_BYTES: Final = 65_536
CMD_SECONDS: Final = 30.0
KEYRING_SECONDS: Final = 30.0
# Where containers mount secrets, readable by all users of the container.
_MOUNTED = ("/run/secrets/", "/var/run/secrets/")
_MOST_SHOWN = 200
_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO

ReadVariable = Callable[[str], str | None]


class Lookups:
    """The values of references, as this process has looked them up.

    Args:
        cmd_seconds: how long a command may take.
        keyring_seconds: how long the keyring may take.
    """

    def __init__(
        self, *, cmd_seconds: float = CMD_SECONDS, keyring_seconds: float = KEYRING_SECONDS
    ) -> None:
        self._cmd_seconds = cmd_seconds
        self._keyring_seconds = keyring_seconds
        self._answers: dict[Reference, str] = {}
        self._asking: dict[Reference, asyncio.Task[str]] = {}

    async def get(self, reference: Reference, name: str, read: ReadVariable) -> str:
        """The value, which is hidden as `name` from now on.

        Raises:
            MissingKey: the variable is not set.
            SecretUnavailable: it cannot be had; the error says why, and shows no value.
        """
        if reference.scheme in {Scheme.ENV, Scheme.FILE}:
            return await asyncio.to_thread(value_now, reference, name, read)
        if reference not in self._answers:
            self._answers[reference] = await self._ask_once(reference)
        return known_as(self._answers[reference], name)

    def forget(self, reference: Reference) -> None:
        """Ask anew when it is needed again: what was said is no longer accepted."""
        self._answers.pop(reference, None)

    def clear(self) -> None:
        """Forget all."""
        self._answers.clear()
        self._asking.clear()

    async def _ask_once(self, reference: Reference) -> str:
        """Those that need it at the same time ask together."""
        task = self._asking.get(reference)
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            task = self._asking[reference] = asyncio.create_task(self._ask(reference))
            task.add_done_callback(_retrieve)  # those who wait may have been cancelled
        return await asyncio.shield(task)

    async def _ask(self, reference: Reference) -> str:
        is_cmd = reference.scheme is Scheme.CMD
        seconds = self._cmd_seconds if is_cmd else self._keyring_seconds
        command = reference.arguments if is_cmd else _keyring_command(reference)
        if why := why_not_found(command, ""):
            raise _unavailable(reference, why, "install the program, or correct the command")
        try:
            end = await ask_command(command, timeout_seconds=seconds)
        except (OSError, ValueError) as error:
            raise _unavailable(reference, str(error), "correct the command") from error
        if is_cmd:
            _check_end(reference, end, seconds)
        else:
            _check_keyring_end(reference, end, seconds)
        return _text(reference, end.output.encode(errors="replace"))


LOOKUPS: Final = Lookups()


def _retrieve(task: asyncio.Task[str]) -> None:
    if not task.cancelled():
        task.exception()


def value_now(reference: Reference, name: str, read: ReadVariable) -> str:
    """The value in a variable or in a file, which is hidden as `name` from now on.

    Raises:
        MissingKey: the variable is not set.
        SecretUnavailable: the file cannot be used, or has no secret.
    """
    if reference.is_env:
        return known_as(_of_variable(reference, read), name)
    return known_as(_text(reference, _file_content(reference)), name)


def known_as(value: str, name: str) -> str:
    """The value, which is hidden from now on if it is not an ordinary word."""
    KNOWN.add(value, name)
    return value


def _of_variable(reference: Reference, read: ReadVariable) -> str:
    value = read(reference.target)
    if not value:
        raise MissingKey(
            f"{reference.target} is {'not set' if value is None else 'empty'}",
            why=f"a secret is looked up by {reference}",
            hint=f"export {reference.target}=...",
        )
    return _checked(reference, value)


def _file_content(reference: Reference) -> bytes:
    try:
        path = Path(reference.target).expanduser()
    except RuntimeError as error:
        raise _unavailable(reference, str(error), "write the whole path") from error
    try:
        # Without waiting for a pipe's writer, or becoming the owner of a terminal.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        why = error.strerror or str(error)
        raise _unavailable(
            reference, f"{path}: {why}", "correct the path, or make the file"
        ) from None
    try:
        _check_file(reference, path, os.fstat(descriptor))
        return os.read(descriptor, MOST_BYTES + 1)
    except OSError as error:
        why = error.strerror or str(error)
        raise _unavailable(reference, f"{path}: {why}", "make it readable") from None
    finally:
        os.close(descriptor)


def _check_file(reference: Reference, path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _unavailable(reference, f"{path} is not a regular file", "name a file")
    if str(path).startswith(_MOUNTED):
        return
    if status.st_uid not in (os.geteuid(), 0):
        why = f"{path} belongs to another user"
        raise _unavailable(reference, why, "copy it to a file of yours")
    if status.st_mode & _BY_OTHERS:
        why = f"others may use {path}: its mode is {status.st_mode & 0o777:o}"
        raise _unavailable(reference, why, f"chmod 600 {path}")


def _keyring_command(reference: Reference) -> tuple[str, ...]:
    program = "parallel_agents.secrets.keyring_program"
    return tuple(python_command(program, *reference.service_and_user))


def _check_end(reference: Reference, end: CommandEnd, seconds: float) -> None:
    match end.ending:
        case Ending.TIMED_OUT:
            why = f"it did not end within {seconds:g} s; it may wait for a person, and it has no terminal"
            raise _unavailable(reference, why, "unlock the store of secrets first, and try again")
        case Ending.TOO_MUCH_OUTPUT | Ending.OUTPUT_USED_UP:
            _refuse_large(reference)
        case Ending.EXITED if end.code != 0:
            ended = f"exit code {end.code}" if end.code > 0 else f"signal {-end.code}"
            said = _last_line(end.errors)
            why = f"it ended with {ended}" + (f": {said}" if said else "")
            raise _unavailable(reference, why, "run the command in a terminal to see why")
        case Ending.EXITED:
            return


# The exit codes of `keyring_program`.
_OF_KEYRING = {
    3: ("the library keyring is not installed", ""),
    4: (
        "there is no keyring on this machine, as on a server without a desktop",
        "use file: or cmd: here, or install a backend for the library keyring",
    ),
    5: ("the keyring is locked", "unlock it, and try again"),
    6: ("it has no such entry", "keyring set {service} {user}"),
}


def _check_keyring_end(reference: Reference, end: CommandEnd, seconds: float) -> None:
    if end.ending is Ending.EXITED and end.code in _OF_KEYRING:
        why, hint = _OF_KEYRING[end.code]
        service, user = reference.service_and_user
        hint = hint.format(service=service, user=user) or install_line("pagents[keyring]")
        raise _unavailable(reference, why, hint)
    if end.ending is Ending.TIMED_OUT:
        why = f"the keyring did not answer within {seconds:g} s; it may be locked"
        raise _unavailable(reference, why, "unlock it, or use file: or cmd: here")
    _check_end(reference, end, seconds)


def _text(reference: Reference, content: bytes) -> str:
    if len(content) > MOST_BYTES:
        _refuse_large(reference)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\ufffd"
    if "\ufffd" in text:
        raise _unavailable(reference, "what it has is not text in UTF-8", "encode it, as in base64")
    return _checked(reference, text)


def _checked(reference: Reference, text: str) -> str:
    """A value without the line break at its end."""
    value = text.removesuffix("\n").removesuffix("\r")
    if not value.strip():
        raise _unavailable(reference, "it has nothing", "put the secret there")
    if "\0" in value:
        raise _unavailable(reference, "it has a NUL character", "put the secret there as text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _unavailable(
            reference, "what it has is not text in UTF-8", "encode it, as in base64"
        ) from None
    if _is_reference(value):
        why = "it has a reference again, and references are followed once"
        raise _unavailable(reference, why, "name where the secret itself is")
    return value


def _is_reference(value: str) -> bool:
    try:
        # Addresses of databases begin with file: too.
        return parse_reference(value).scheme is not Scheme.FILE
    except ValueError:
        return False


def _refuse_large(reference: Reference) -> NoReturn:
    raise _unavailable(
        reference, f"it has more than {MOST_BYTES:,} bytes", "put the secret alone there"
    )


def _unavailable(reference: Reference, why: str, hint: str) -> SecretUnavailable:
    return SecretUnavailable(
        f"the secret {reference.brief} cannot be looked up", why=KNOWN.hide(why), hint=hint
    )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in without_escapes(text).splitlines() if line.strip()]
    shown = (
        "".join(letter if letter.isprintable() else " " for letter in lines[-1]) if lines else ""
    )
    return tail(shown, _MOST_SHOWN)
