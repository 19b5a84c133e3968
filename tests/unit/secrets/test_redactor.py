"""A known secret is found in every form that programs write, and nothing else is changed."""

from __future__ import annotations

import html
import json
import shlex
from base64 import b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable, Mapping
from urllib.parse import quote, quote_plus

import orjson
import pytest
from hypothesis import given, strategies as st

from parallel_agents.secrets.redactor import Redactor

TOKEN = "gh_9fK2mQ7xVb3Rt6"
ODD = "pa/ss\"w'o+rd=$1&<2>\\é"
PEM = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----"


def knowing(*values: str) -> Redactor:
    redactor = Redactor()
    for number, value in enumerate(values):
        assert redactor.add(value, f"S{number}") == ""
    return redactor


FORMS: Mapping[str, Callable[[str], str]] = {
    "plain": lambda s: s,
    "a URL": lambda s: quote(s, safe=""),
    "a path of a URL": quote,
    "a form": quote_plus,
    "JSON": lambda s: json.dumps(s)[1:-1],
    "JSON in UTF-8": lambda s: orjson.dumps(s).decode()[1:-1],
    "JSON in JSON": lambda s: json.dumps(json.dumps(s, ensure_ascii=False), ensure_ascii=False),
    "HTML": html.escape,
    "a shell": shlex.quote,
    "Python": repr,
    "base64": lambda s: b64encode(s.encode()).decode(),
    "base64 of a pair": lambda s: b64encode(f"ana:{s}".encode()).decode(),
    "base64 in lines": lambda s: encodebytes(b"x" * 50 + s.encode() + b"y" * 50).decode(),
    "base64 in a URL": lambda s: urlsafe_b64encode(s.encode()).decode(),
    "hexadecimal": lambda s: s.encode().hex(),
    "capital hexadecimal": lambda s: s.encode().hex().upper(),
    "one letter a line": "\n".join,
    "broken and indented": lambda s: f"{s[:7]}\r\n    {s[7:]}",
}


@pytest.mark.parametrize("secret", [TOKEN, ODD, PEM], ids=["token", "odd", "pem"])
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_hidden_in_every_form(form: str, secret: str) -> None:
    hidden = knowing(secret).hide(f"before {FORMS[form](secret)} after")

    assert "[redacted:S0]" in hidden
    parts = ("MIIEvQIB", "AQEFAASC") if secret is PEM else (secret[3:9], secret[8:14])
    assert not any(part in hidden.replace("\n", "") for part in parts)
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")


@pytest.mark.parametrize("form", FORMS)
def test_json_with_a_secret_is_told_from_other_json_and_stays_json(form: str) -> None:
    encoded = orjson.dumps({"text": f"a {FORMS[form](ODD)} z", "n": 1})
    redactor = knowing(ODD)

    assert redactor.is_in_json(b"[]", encoded)
    assert "[redacted:S0]" in orjson.loads(redactor.hide_json(encoded))["text"]


def test_a_match_within_an_escape_leaves_valid_json() -> None:
    encoded = orjson.dumps("a\necret-12345-Xy")

    assert orjson.loads(knowing("necret-12345-Xy").hide_json(encoded)) == "a\necret-12345-Xy"


@pytest.mark.parametrize(
    "value",
    [
        *("short", "", "production", "changeme", "PRODUCTION", "my-value", "12345678"),
        *("2026-11-29", "aaaaaaaaaaaa", "/home/ana/project", "/usr/bin:/bin", "~/.keys/github"),
        *("https://api.example.com/v1", "http://127.0.0.1:8888", "\udc80" * 9),
    ],
)
def test_what_is_ordinary_is_not_hidden_and_says_why(value: str) -> None:
    redactor = Redactor()

    assert redactor.add(value, "NAME") != ""
    assert redactor.hide(f"all of {value} stays") == f"all of {value} stays"


@pytest.mark.parametrize(
    "text",
    [
        "The secret of success is work; tokens: 1234; password reset; Authorization: none",
        "commit 3f2a9c1b7d8e9f00112233445566778899aabbcc",
        "[redacted:S0] is what was hidden",
        "x" * 100_000,
        "",
    ],
)
def test_other_texts_stay_the_same_object(text: str) -> None:
    assert knowing(TOKEN, ODD).hide(text) is text


def test_secrets_that_overlap_leave_nothing_of_each_other() -> None:
    redactor = knowing("password-1X", "my-password-1X-long")

    assert redactor.hide("a my-password-1X-long b") == "a [redacted:S1] b"
    assert redactor.hide("a password-1X b") == "a [redacted:S0] b"


def test_lines_that_hold_no_part_of_a_secret_keep_their_breaks() -> None:
    text = f"one\ntwo {TOKEN[:9]}\n{TOKEN[9:]} three\nfour\n"

    assert knowing(TOKEN).hide(text) == "one\ntwo [redacted:S0] three\nfour\n"


@given(st.lists(st.integers(1, 30), max_size=8), st.sampled_from(["", "gh_", "x" * 40]))
def test_a_stream_shows_the_same_as_the_whole_text(cuts: list[int], before: str) -> None:
    redactor, text = knowing(TOKEN), f"{before}gh_9 {TOKEN}{TOKEN} gh_9fK2mQ"
    stream, shown, at = redactor.stream(), "", 0
    for cut in (*cuts, len(text)):
        shown += stream.feed(text[at : at + cut])
        at += cut
    shown += stream.end()

    assert shown == redactor.hide(text)


def test_bytes_in_pieces_are_searched_across_their_borders() -> None:
    scan = knowing(TOKEN).scan()

    assert scan.feed(b"\0\1" + TOKEN[:8].encode()) == ""
    assert scan.feed(TOKEN[8:].encode() + b"\0") == "S0"


def test_nothing_is_looked_at_while_no_secret_is_known() -> None:
    redactor = Redactor()
    text = f"{TOKEN}"

    assert redactor.hide(text) is text
    assert not redactor.is_in_json(text.encode())
    assert redactor.stream().feed(text) is text
