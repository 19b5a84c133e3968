"""A notification reaches a command without a shell, or a server of this machine, and harms nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from parallel_agents.core.private_hosts import PrivateHosts
from parallel_agents.notify.letter import Letter, NotSent
from parallel_agents.notify.sending import Sender

LETTER = Letter(id="run:7", document=b'{"event":"done"}\n', facts={"PAGENTS_EVENT": "done"})


def sender(**variables: str) -> Sender:
    return Sender(
        variables={"PATH": "/usr/bin:/bin", **variables},
        private_hosts=PrivateHosts(),
        certificates=lambda: None,
    )


@dataclass
class Site:
    """A server on loopback, what it answers, and what it was sent."""

    url: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    bodies: list[Any] = field(default_factory=list[Any])
    keys: list[str] = field(default_factory=list[str])


@asynccontextmanager
async def serving() -> AsyncGenerator[Site]:
    site = Site()

    async def take(request: web.Request) -> web.Response:
        site.bodies.append(await request.json())
        site.keys.append(request.headers["Idempotency-Key"])
        return web.Response(status=site.status, headers=site.headers)

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    port = runner.addresses[0][1]
    site.url = f"http://127.0.0.1:{port}/hook?token=s3cret"
    try:
        yield site
    finally:
        await runner.cleanup()


async def test_a_webhook_gets_the_document_and_a_key_for_repetitions() -> None:
    async with serving() as site:
        await sender().send(site.url, LETTER)
        await sender(HOOK=site.url).send("env:HOOK", LETTER)

    assert site.bodies == [{"event": "done"}] * 2
    assert site.keys == ["run:7"] * 2


@pytest.mark.parametrize(
    ("status", "again"), [(500, True), (503, True), (429, True), (404, False), (302, False)]
)
async def test_a_server_that_does_not_take_it_is_told_without_the_path_s_secret(
    status: int, again: bool
) -> None:
    async with serving() as site:
        site.status, site.headers = status, {"Location": "/elsewhere"}
        with pytest.raises(NotSent) as told:
            await sender().send(site.url, LETTER)

    assert told.value.may_try_again is again
    assert str(status) in str(told.value)
    assert "s3cret" not in str(told.value)
    assert len(site.bodies) == 1  # no redirect is followed


async def test_a_server_that_is_not_there_may_be_back_later() -> None:
    async with serving() as site:
        url = site.url
    with pytest.raises(NotSent, match="cannot be reached") as told:
        await sender().send(url, LETTER)

    assert told.value.may_try_again
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize("url", ["https://10.0.0.1/x", "https://169.254.169.254/x"])
async def test_a_private_address_is_not_reached_unless_the_user_names_it(url: str) -> None:
    with pytest.raises(NotSent, match="notify_private_hosts") as told:
        await sender().send(url, LETTER)

    assert not told.value.may_try_again


async def test_a_command_gets_the_document_and_the_facts(tmp_path: Path) -> None:
    out = tmp_path / "told"
    line = f"sh -c 'cat > {out}; echo $PAGENTS_EVENT $(printenv PATH | wc -l) >> {out}'"

    await sender().send(line, LETTER)

    document, facts = out.read_text().splitlines()
    assert json.loads(document) == {"event": "done"}
    assert facts.split() == ["done", "1"]


async def test_no_shell_reads_a_command(tmp_path: Path) -> None:
    victim = tmp_path / "kept"
    victim.touch()

    await sender().send(f"echo hi; rm {victim}", LETTER)

    assert victim.exists()


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("sh -c 'echo no bell; exit 3'", "exited with 3: no bell"),
        ("/nowhere/bell", "cannot be started"),
        ("env:UNSET", "UNSET is not set"),
        ("yes", "wrote too much"),
    ],
)
async def test_a_command_that_fails_is_told_and_not_repeated(command: str, why: str) -> None:
    with pytest.raises(NotSent, match=why) as told:
        await sender().send(command, LETTER)

    assert not told.value.may_try_again


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("curl -H 'Token: {} https://bell.example", "neither a command nor a URL"),
        ("http://user:{}@bell.example/x", "neither a command nor a URL"),
        ("env:{}", "neither a command nor a URL"),
        ("env:OTHER_{0[0]}", "names another variable"),
        ("{}", "the command in HOOK cannot be started: No such file"),
        ("/bin/cat {}\0", "neither a command nor a URL"),
    ],
)
async def test_what_a_variable_has_is_in_no_error(content: str, why: str) -> None:
    secret = "sk-9fK2mQ7xVb3Rt6"

    with pytest.raises(NotSent, match=why) as told:
        await sender(HOOK=content.format(secret)).send("env:HOOK", LETTER)

    assert secret not in str(told.value)


async def test_what_a_variable_has_is_hidden_in_what_its_command_says() -> None:
    line = "sh -c 'printenv HOOK; exit 3' key-9fK2mQ7xVb3Rt6"

    with pytest.raises(NotSent, match="exited with 3") as told:
        await sender(HOOK=line).send("env:HOOK", LETTER)

    assert "[redacted:HOOK]" in str(told.value)
