"""A provider's bad days: each ends in a clear outcome, nothing hangs, and siblings are untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parallel_agents.testing import Cut, Garbage, Hang, HttpError, Refusal

if TYPE_CHECKING:
    from parallel_agents.testing.behaviour import Fault
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

KEY = "sk-acceptance-5f0d9c1e7a3b"

DAYS: dict[str, tuple[Fault, str, int]] = {
    "it hangs": (Hang(), "PA-E209", 2),
    "it cuts the reply": (Cut(), "PA-E206", 2),
    "it answers garbage": (Garbage(), "PA-E207", 2),
    "it answers JSON of another kind": (Garbage(b'{"ok": true}', "application/json"), "PA-E207", 2),
    "it refuses the key": (HttpError(401, "bad key"), "PA-E203", 1),
    "it is broken": (HttpError(500, "oh"), "PA-E202", 2),
    "it is not there behind its proxy": (HttpError(502, "oh"), "PA-E208", 2),
    "it wants a wait of an hour": (HttpError(429, headers={"retry-after": "3600"}), "PA-E201", 1),
    "it takes less": (HttpError(400, "maximum context length"), "PA-E204", 1),
    "it declines": (Refusal(), "PA-E205", 1),
}


def test_each_bad_day_is_one_members_and_no_others(
    pagents: Pagents, provider: FakeProvider
) -> None:
    labels = {name: f"day{number}x" for number, name in enumerate(DAYS)}
    for name, (fault, _, _) in DAYS.items():
        provider.gives(fault, to=f"About {labels[name]}")
    pagents.configure("tries = 2\ncall_timeout_seconds = 0.5")
    # What one model's refusals and failures teach holds for all of its calls: each has its own.
    members = ""
    for label in ("fine", *labels.values()):
        writer = f"---\nname: {label}\ndescription: Writes.\nmodel: bench/{label}\n---\nWrite."
        pagents.project(f"agents/{label}.md", writer)
        members += f"  - {{agent: {label}, label: {label}, text: About {label}.}}\n"
    crew = pagents.file("crew.yaml", f"name: crew\ndescription: A crew.\ntasks:\n{members}")

    ended = pagents("run", crew, "--json")

    items = {item["label"]: item for item in ended.documents[-1]["items"]}
    texts = provider.texts()
    assert ended.code == 3
    assert items["fine"]["status"] == "done"
    for name, (_, code, calls) in DAYS.items():
        item = items[labels[name]]
        assert name == name
        assert item["status"] == "failed"
        assert item["error"]["code"] == code
        assert item["error"]["hint"], name
        assert sum(f"About {labels[name]}" in text for text in texts) == calls, name


def test_a_rate_limit_is_waited_out_as_long_as_it_asks(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(HttpError(429, "slow down", headers={"retry-after": "1"}), times=2)

    ended = pagents("run", pagents.team("one", "two"), "--id", "tea")

    first, *_, last = provider.requests
    assert ended.code == 0
    assert "2/2 done" in ended.out
    assert "again in 1 s" in ended.err
    assert len(provider.requests) == 4
    assert last.at - first.at >= 1.0
    assert "PA-E201" in pagents("history", "tea").out


def test_an_answer_that_does_not_fit_is_mended_once_and_then_fails_with_its_text(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.answer = lambda _: "I would rather not write JSON."

    ended = pagents("run", pagents.team("one"), "--json")

    (item,) = ended.documents[-1]["items"]
    assert ended.code == 1
    assert item["error"]["code"] == "PA-E301"
    assert item["text"] == "I would rather not write JSON."
    assert len(provider.requests) == 2
    assert "is invalid" in provider.texts()[1]


def test_nobody_at_the_address_is_said_with_the_address(pagents: Pagents) -> None:
    pagents.configure("tries = 1")
    nobody = '[providers.gone]\nwire = "chat"\nbase_url = "http://127.0.0.1:9/v1"\n'
    config = pagents.home / "config.toml"
    config.write_text(config.read_text("utf-8") + nobody, "utf-8")

    ended = pagents("spawn", "content_writer_funny", "Hello.", "--model", "gone/x", "--wait")

    assert ended.code == 1
    assert "PA-E371" in ended.err
    assert "http://127.0.0.1:9/v1" in ended.err


def test_a_key_is_sent_and_seen_nowhere_else(pagents: Pagents, provider: FakeProvider) -> None:
    provider.gives(HttpError(401, f"incorrect key {KEY}"), to="About one")
    provider.gives(HttpError(400, f"you sent Bearer {KEY}"), to="About two")
    provider.gives(Garbage(f"<html>{KEY}</html>".encode()), to="About three")
    pagents.configure("tries = 1")
    pagents.environment["BENCH_KEY"] = KEY
    team = pagents.team("one", "two", "three")

    ran = pagents("run", team, "--id", "tea", "-m", "keyed/good", PYTHONASYNCIODEBUG="1")
    told = pagents("history", "tea", "--json")
    left = pagents("spawn", "content_writer_funny", "About two.", "-m", "keyed/good")
    pagents("wait", left.out.strip())

    assert ran.code == 1
    assert provider.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    for ended in (ran, told, left):
        assert KEY not in ended.out + ended.err
    kept = [file for file in pagents.home.rglob("*") if file.is_file()]
    assert {"store.db", "worker.log"} <= {file.name for file in kept}
    for file in kept:
        assert KEY.encode() not in file.read_bytes(), file


def test_configuration_shows_no_secret_of_a_header(pagents: Pagents) -> None:
    config = pagents.home / "config.toml"
    headers = f'headers = {{ "X-Api-Key" = "{KEY}" }}\n'
    config.write_text(config.read_text("utf-8") + headers, "utf-8")

    assert KEY not in pagents("config").out
    assert KEY not in pagents("config", "--json").out
