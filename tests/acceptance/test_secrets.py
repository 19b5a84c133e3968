"""A server that repeats all that it was sent: no output, no file of the home and no row shows a secret."""

from __future__ import annotations

import html
import json
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

import pytest
from typing_extensions import override

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.support.command import Pagents

KEY = "sk-the/Users+Key&=9876543210abcdef"
HEADER = "gateway-header-secret-42"
QUERY = "query-secret-4711"
PART = 12


class Answer(NamedTuple):
    """A status, a content type, and a body in which `{}` is what was sent, in the form of that type."""

    status: int
    content_type: str
    body: str


ANSWERS = {
    "json": Answer(401, "application/json", '{"error": {"message": "bad {}", "type": "{}"}}'),
    "a page": Answer(403, "text/html", "<html><title>{}</title><body>{}</body></html>"),
    "a text": Answer(400, "text/plain", "oops {}"),
    "a cut key": Answer(400, "text/plain", "oops {cut}"),
    "an error with status 200": Answer(200, "application/json", '{"error": {"message": "{}"}}'),
    "an event": Answer(200, "text/event-stream", 'data: {"error": {"message": "{}"}}\n\n'),
    "no JSON": Answer(200, "text/plain", "hello {}"),
}


@contextmanager
def repeating(answer: Answer) -> Generator[str]:
    """A server that answers with what it was sent; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            sent = "; ".join(f"{name}: {value}" for name, value in self.headers.items())
            body = filled(answer, f"{sent} at {self.path}").encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815 - a name of the base class

        @override
        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def filled(answer: Answer, sent: str) -> str:
    cut = sent[: sent.find("Bearer") + len("Bearer ") + 20]
    if answer.content_type == "text/html":
        sent = html.escape(sent)
    elif answer.content_type != "text/plain":
        sent = json.dumps(sent)[1:-1]
    return answer.body.replace("{cut}", cut).replace("{}", sent)


def secrets_in(text: str) -> list[str]:
    """The secrets of which a part is in the text, in any case of letters."""
    small = text.lower()
    return [
        secret
        for secret in (KEY, HEADER, QUERY)
        if any(secret[at : at + PART].lower() in small for at in range(len(secret) - PART + 1))
    ]


def content_of(home: Path) -> Iterator[tuple[str, str]]:
    for path in home.rglob("*"):
        if path.is_file() and path.name != "config.toml":
            yield path.name, path.read_bytes().decode("latin-1")


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_nothing_shows_what_is_secret(pagents: Pagents, answer: Answer) -> None:
    with repeating(answer) as origin:
        pagents.home.joinpath("config.toml").write_text(
            'model = "x/m"\ntries = 1\n[providers.x]\nwire = "chat"\nkey = "env:XKEY"\n'
            f'base_url = "{origin}/v1?code={QUERY}"\nheaders = {{ "X-Gateway" = "{HEADER}" }}\n',
            "utf-8",
        )
        commands = [
            ("spawn", "main", "hello", "--wait", "--label", "one"),
            *(("history", "one", "--json"), ("audit",), ("dlq", "list", "--json"), ("doctor",)),
        ]

        told = {command: pagents(*command, XKEY=KEY) for command in commands}

    shown = {command: secrets_in(ended.out + ended.err) for command, ended in told.items()}
    kept = {name: secrets_in(content) for name, content in content_of(pagents.home)}
    assert told[commands[0]].code == 1
    assert {command: found for command, found in shown.items() if found} == {}
    assert {name: found for name, found in kept.items() if found} == {}
