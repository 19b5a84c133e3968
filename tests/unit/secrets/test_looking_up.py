"""Every reference gives its value or says why not, and never shows one."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from parallel_agents.core.reference import parse_reference
from parallel_agents.errors import MissingKey, PagentsError, SecretUnavailable
from parallel_agents.secrets.known import KNOWN
from parallel_agents.secrets.looking_up import Lookups

pytestmark = pytest.mark.real_time
VALUE = "sk-9fK2mQ7xVb3Rt6"
VARIABLES = {"KEY": VALUE, "LINE": f"{VALUE}\n", "EMPTY": "", "AGAIN": "env:AGAIN", "NUL": "a\0b"}


async def look_up(text: str, lookups: Lookups | None = None) -> str:
    lookups = lookups or Lookups(cmd_seconds=20.0)
    return await lookups.get(parse_reference(text), "NAME", VARIABLES.get)


def write(path: Path, content: bytes, mode: int = 0o600) -> str:
    path.write_bytes(content)
    path.chmod(mode)
    return f"file:{path}"


@pytest.mark.parametrize(
    "text", ["env:KEY", "env:LINE", f"cmd:printf {VALUE}", f"cmd:sh -c 'echo {VALUE}; echo x >&2'"]
)
async def test_a_value_is_looked_up_and_known(text: str) -> None:
    assert await look_up(text) == VALUE
    assert KNOWN.hide(f"it is {VALUE}") == "it is [redacted:NAME]"


@pytest.mark.parametrize("content", ["{}", "{}\n", "{}\r\n", "\ufeff{}\r\n"])
async def test_one_line_end_and_a_byte_order_mark_are_no_part_of_it(
    tmp_path: Path, content: str
) -> None:
    assert await look_up(write(tmp_path / "key", content.format(VALUE).encode())) == VALUE


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (b"x", 0o644, "others may use"),
        (b"x", 0o620, "others may use"),
        (b"", 0o600, "it has nothing"),
        (b" \n", 0o600, "it has nothing"),
        (b"a\0b", 0o600, "NUL"),
        (b"\xff\xfe", 0o600, "not text in UTF-8"),
        (b"x" * 10_000_000, 0o600, "more than 65,536 bytes"),
        (b"cmd:echo x", 0o600, "references are followed once"),
    ],
)
async def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, content: bytes, mode: int, why: str
) -> None:
    with pytest.raises(SecretUnavailable) as error:
        await look_up(write(tmp_path / "key", content, mode))

    assert why in error.value.why
    if mode != 0o600:
        assert error.value.hint == f"chmod 600 {tmp_path / 'key'}"


async def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero"), tmp_path / "none"):
        with pytest.raises(SecretUnavailable):
            await look_up(f"file:{path}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("cmd:no-such-program-here", "there is no program"),
        ("cmd:false", "exit code 1"),
        ("cmd:sh -c 'echo is locked >&2; exit 3'", "exit code 3: is locked"),
        ("cmd:sh -c 'kill -9 $$'", "signal 9"),
        ("cmd:true", "it has nothing"),
        ("cmd:sh -c 'read x </dev/tty'", "exit code"),
        ("cmd:cat /dev/zero", "more than 65,536 bytes"),
        ("cmd:echo env:KEY", "references are followed once"),
    ],
)
async def test_a_command_that_gives_nothing_says_why(text: str, why: str) -> None:
    with pytest.raises(SecretUnavailable) as error:
        await look_up(text)

    assert why in error.value.why


async def test_a_command_that_hangs_is_ended() -> None:
    with pytest.raises(SecretUnavailable, match="cannot be looked up") as error:
        await look_up("cmd:sleep 60", Lookups(cmd_seconds=0.2))

    assert "it did not end within 0.2 s" in error.value.why


@pytest.mark.parametrize("name", ["NONE", "EMPTY"])
async def test_a_variable_without_a_value_is_named(name: str) -> None:
    with pytest.raises(MissingKey, match=name):
        await look_up(f"env:{name}")


@pytest.mark.parametrize("name", ["AGAIN", "NUL"])
async def test_a_variable_with_no_secret_in_it_is_refused(name: str) -> None:
    with pytest.raises(SecretUnavailable):
        await look_up(f"env:{name}")


async def test_a_command_is_asked_once_by_all_that_need_it_and_again_when_forgotten(
    tmp_path: Path,
) -> None:
    log, lookups = tmp_path / "asked", Lookups()
    text = f"cmd:sh -c 'echo asked >> {log}; echo {VALUE}'"

    await asyncio.gather(*(look_up(text, lookups) for _ in range(20)))
    await look_up(text, lookups)
    assert log.read_text() == "asked\n"

    lookups.forget(parse_reference(text))
    await look_up(text, lookups)
    assert log.read_text() == "asked\nasked\n"


async def test_the_keyring_is_asked_in_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fakering.py").write_text(
        "from keyring.backend import KeyringBackend\n"
        "from keyring.errors import KeyringLocked\n"
        "class Ring(KeyringBackend):\n"
        "    priority = 1\n"
        "    def get_password(self, service, user):\n"
        "        if service == 'locked': raise KeyringLocked\n"
        f"        return {{'github': {VALUE!r}}}.get(service)\n"
        "    set_password = delete_password = None\n"
    )
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "fakering.Ring")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    assert await look_up("keyring:github/me") == VALUE
    for text, why in (("keyring:locked/me", "is locked"), ("keyring:other/me", "no such entry")):
        with pytest.raises(SecretUnavailable) as error:
            await look_up(text)
        assert why in error.value.why
    assert "keyring" not in sys.modules


async def test_a_machine_without_a_keyring_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")

    with pytest.raises(PagentsError) as error:
        await look_up("keyring:github/me")

    assert "no keyring on this machine" in str(getattr(error.value, "why", ""))


@pytest.mark.parametrize(
    "text",
    [
        *("vault:x", "sk-9fK2mQ7x", "env:", "env:A B", "env:1A", "file:relative", "file:", "cmd:"),
        *("cmd:'open", "keyring:service", "keyring:/user", "keyring:x/", "env:A\nB", "cmd:a\0b"),
    ],
)
def test_what_is_no_reference_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"write|after|names|follows|command"):
        parse_reference(text)
