"""Local servers are found and used without configuration, and providers are asked for their models."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import orjson
import pytest
from typing_extensions import override

from parallel_agents.core.schema import Json

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents

ANSWER: Json = {
    "id": "1",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Hello from here."},
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
}


@contextmanager
def serving(models: Json, status: int = 200) -> Generator[str]:
    """The address, `HOST:PORT`, of a server that lists `models` and answers every task."""

    class Handler(BaseHTTPRequestHandler):
        @override
        def log_message(self, format: str, *args: object) -> None:
            """It tells nobody."""

        def do_GET(self) -> None:
            self._send(models if self.path == "/v1/models" else {"error": "no such page"})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._send(ANSWER)

        def _send(self, value: Json) -> None:
            body = orjson.dumps(value)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def listing(*names: str) -> Json:
    return {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}


def add(pagents: Pagents, table: str) -> None:
    """Add a table to the user's config.toml."""
    with (pagents.home / "config.toml").open("a") as file:
        file.write(table)


def test_a_server_that_the_doctor_finds_is_used_as_it_says_without_configuration(
    pagents: Pagents,
) -> None:
    with serving(listing("nomic-embed-text", "qwen2.5:7b")) as address:
        examined = pagents("doctor", OLLAMA_HOST=address)
        answered = pagents(
            "spawn", "main", "Say hello.", "--wait", "--model", "ollama/qwen2.5:7b",
            OLLAMA_HOST=address,
        )  # fmt: skip

    assert f"✔ ollama answers at http://{address}/v1 with qwen2.5:7b" in examined.out
    assert '    pagents spawn main "Say hello." --wait --model ollama/qwen2.5:7b' in examined.out
    assert examined.code == 0
    assert "Hello from here." in answered.out
    assert answered.code == 0


@pytest.mark.parametrize("name", ["lmstudio", "llamacpp", "vllm"])
def test_each_known_server_is_found_where_the_configuration_puts_it(
    pagents: Pagents, name: str
) -> None:
    with serving(listing("tiny")) as address:
        add(pagents, f'\n[providers.{name}]\nbase_url = "{address}"\n')
        examined = pagents("doctor")

    assert f"✔ {name} answers at http://{address}/v1 with tiny" in examined.out


def test_a_server_with_a_key_is_named_and_a_missing_one_is_no_problem(pagents: Pagents) -> None:
    with serving(listing("tiny"), status=401) as address:
        add(pagents, f'\n[providers.vllm]\nbase_url = "{address}"\n')
        add(pagents, '\n[providers.ollama]\nbase_url = "127.0.0.1:1"\n')
        examined = pagents("doctor")

    assert f"! vllm at http://{address}/v1 wants a key" in examined.out
    assert "ollama" not in examined.out
    assert examined.code == 0


def test_the_doctor_names_the_proxy_without_its_password(pagents: Pagents) -> None:
    examined = pagents("doctor", HTTPS_PROXY="http://me:secret@127.0.0.1:3128")

    assert "✔ calls go through the proxy http://127.0.0.1:3128 (HTTPS_PROXY)" in examined.out
    assert "secret" not in examined.out


def test_the_doctor_names_a_bundle_of_authorities_that_is_missing(pagents: Pagents) -> None:
    examined = pagents("doctor", SSL_CERT_FILE="/nowhere/ca.pem")

    assert examined.code == 10
    assert "✖ PA-E110 SSL_CERT_FILE names '/nowhere/ca.pem'" in examined.out


OFFERED: Json = {
    "data": [
        {
            "id": "big",
            "context_length": 131072,
            "pricing": {"prompt": "1e-6", "completion": "2e-6"},
        },
        {"id": "small-2"},
    ]
}


def offering(pagents: Pagents, address: str) -> None:
    table = f'\n[providers.acme]\nwire = "chat"\nbase_url = "{address}"\n'
    add(pagents, f'{table}tiers = {{ small = "small-1", large = "big" }}\n')


def test_what_a_provider_offers_is_listed_with_context_price_and_sizes(pagents: Pagents) -> None:
    with serving(OFFERED) as address:
        offering(pagents, address)
        listed = pagents("models", "list", "--provider", "acme", "--remote")

    lines = [line.split() for line in listed.out.splitlines()]
    assert ["acme/big", "131,072", "1", "2", "large"] in lines
    assert ["acme/small-2", "-", "-"] in lines
    assert "acme does not list small-1, its model for small; it lists small-2" in listed.err
    assert listed.code == 0


def test_what_a_provider_offers_is_told_as_json_with_the_sizes_that_it_lacks(
    pagents: Pagents,
) -> None:
    with serving(OFFERED) as address:
        offering(pagents, address)
        document = pagents.json("models", "list", "--provider", "acme", "--remote")

    assert document["schema"] == "pagents.offers/1"
    assert document["missing"] == {"small": ["small-2"]}
    assert document["items"][0] == {
        "model": "acme/big",
        "context_tokens": 131072,
        "max_output_tokens": None,
        "input_usd_per_million": 1.0,
        "output_usd_per_million": 2.0,
        "tiers": ["large"],
    }


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--provider", "openai", "--remote"), 10, "OPENAI_API_KEY is not set"),
        (("--provider", "opnai", "--remote"), 10, "did you mean openai?"),
        (("--provider", "opnai"), 10, "no provider 'opnai'"),
        (("--remote",), 2, "--provider NAME"),
    ],
)
def test_a_list_that_cannot_be_had_says_what_to_do(
    shared: Pagents, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ended = shared("models", "list", *arguments)

    assert ended.code == code
    assert words in ended.err


def test_one_provider_can_be_listed_alone(shared: Pagents) -> None:
    assert [item["provider"] for item in shared.items("models", "list", "--provider", "groq")] == [
        "groq"
    ]
