"""A known secret is found in every form that programs write, and nothing else is changed."""

from __future__ import annotations

import html
import json
import shlex
from base64 import b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable, Mapping
from itertools import pairwise
from urllib.parse import quote, quote_plus

import orjson
import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.json_value import Json
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


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_what_is_broken_into_lines_is_found_where_its_breaks_are_escapes(depth: int) -> None:
    long = f"{TOKEN}-" * 8
    redactor = knowing(long)
    text = f"$ base64 key\n{encodebytes(long.encode()).decode()}"
    for _ in range(depth):
        text = json.dumps({"stdout": text})
    event = orjson.dumps({"content": text})

    hidden = redactor.hide(text)

    assert "[redacted:S0]" in hidden
    assert "$ base64 key" in str(json.loads(hidden))
    assert redactor.name_in(text) == "S0"
    assert redactor.is_in(text)
    assert redactor.is_in_json(event)
    assert json.loads(redactor.hide_json(event)) == {"content": hidden}


def test_a_path_that_looks_like_a_break_stays() -> None:
    text = '{"path": "C:\\\\new\\\\road"}'

    assert knowing(TOKEN).hide(text) == text


def test_nothing_is_looked_at_while_no_secret_is_known() -> None:
    redactor = Redactor()
    text = f"{TOKEN}"

    assert redactor.hide(text) is text
    assert not redactor.is_in_json(text.encode())
    assert redactor.stream().feed(text) is text


LITERAL = r"-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END KEY-----"
ALPHABET = "abnrtu019X\\\\\"'/ \t\n\r&<%+é\x1b\u2028"
VALUES = st.text(ALPHABET, min_size=8, max_size=40)


def texts_in(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [*value, *(text for each in value.values() for text in texts_in(each))]
    return [text for each in value for text in texts_in(each)] if isinstance(value, list) else []


def json_with(secret: str) -> st.SearchStrategy[Json]:
    def around(before: str, at: int, piece: str, after: str) -> str:
        return f"{before}{secret[:at]}{piece}{secret[at:]}{after}"

    holding = st.builds(
        around,
        st.text(ALPHABET, max_size=6),
        st.integers(0, len(secret)),
        st.sampled_from(["", "", "\n", "\r\n\t "]),
        st.text(ALPHABET, max_size=6),
    )
    texts = holding | st.text(ALPHABET, max_size=20)
    return st.recursive(
        texts | st.integers(-9, 9) | st.none(),
        lambda each: st.lists(each, max_size=3) | st.dictionaries(texts, each, max_size=3),
        max_leaves=6,
    )


@pytest.mark.slow
@given(st.data(), VALUES)
def test_json_is_never_left_with_a_secret_in_it(data: st.DataObject, secret: str) -> None:
    redactor = Redactor()
    if redactor.add(secret, "S"):
        return
    value = data.draw(json_with(secret))
    is_ours = data.draw(st.booleans())

    encoded = orjson.dumps(value) if is_ours else json.dumps(value).encode()
    hidden = orjson.loads(redactor.hide_json(encoded))

    assert hidden == redactor.hide_value(value)
    assert not any(secret.strip() in text for text in texts_in(hidden))


@pytest.mark.parametrize(
    "value", [LITERAL, r"CORP\nightly:Tr0ub4dor&3", r"pa\rty-Tr0ub4dor&3", "tail-Tr0ub4dor\\"]
)
def test_escapes_that_belong_to_a_value_are_kept_in_json(value: str) -> None:
    encoded = orjson.dumps({"text": f"use {value} now", value: 1})

    assert orjson.loads(knowing(value).hide_json(encoded)) == {
        "text": "use [redacted:S0] now",
        "[redacted:S0]": 1,
    }


def test_a_key_in_a_variable_is_also_hidden_as_programs_read_it() -> None:
    assert knowing(LITERAL).hide(LITERAL.replace("\\n", "\n")) == "[redacted:S0]"
    assert knowing(LITERAL).hide("MIIEvQIBADANBgkqhkiG9w0BAQ") == "[redacted:S0]"


@pytest.mark.parametrize("indent", [None, 2])
def test_the_key_in_the_json_of_a_service_account_is_hidden(indent: int | None) -> None:
    account = {"type": "service_account", "private_key": PEM, "client_email": "a@b.example"}
    redactor = knowing(json.dumps(account, indent=indent))

    assert redactor.hide(PEM) == "[redacted:S0]"
    assert redactor.hide("MIIEvQIBADANBgkqhkiG9w0B") == "[redacted:S0]"
    ordinary = "a service_account has a private_key and a client_email, a@b.example"
    assert redactor.hide(ordinary) is ordinary


def test_blanks_at_the_ends_of_a_value_need_not_be_printed() -> None:
    assert knowing(f" {TOKEN} ").hide(f"<{TOKEN}>") == "<[redacted:S0]>"


def test_short_lines_of_a_value_are_hidden_unless_they_are_ordinary() -> None:
    redactor = knowing("Tr0ub4dor-3\npassword\nhunter-2-Zx")

    assert redactor.hide("a Tr0ub4dor-3 b") == "a [redacted:S0] b"
    assert redactor.hide("a hunter-2-Zx b") == "a [redacted:S0] b"
    assert redactor.hide("the password") == "the password"


def test_a_value_of_which_too_little_remains_without_breaks_is_refused() -> None:
    assert Redactor().add("ab\n    \n  cd", "S") == "it has fewer than 8 characters"


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 1_000, 50_000])
def test_a_secret_longer_than_what_a_stream_holds_back_is_hidden_in_blocks(size: int) -> None:
    value = "".join(f"{number:x}Qz" for number in range(10_000))
    redactor, text = knowing(value), f"before {value} after"
    stream = redactor.stream()
    shown = "".join(stream.feed(text[at : at + size]) for at in range(0, len(text), size))
    shown += stream.end()

    assert set(shown.replace("[redacted:S0]", "").split()) == {"before", "after"}
    assert redactor.longest <= 4_160


def test_a_secret_that_is_a_number_is_hidden_as_a_number() -> None:
    redactor = knowing("4929123456781234567", "49291234567812345678901234")
    encoded = b'{"n":4929123456781234567,"m":[49291234567812345678901234,-1.5],"t":"1 2"}'

    assert orjson.loads(redactor.hide_json(encoded)) == {
        "n": "[redacted:S0]",
        "m": ["[redacted:S1]", -1.5],
        "t": "1 2",
    }
    assert redactor.hide_value({"n": 4929123456781234567}) == {"n": "[redacted:S0]"}


def test_a_text_that_was_cut_loses_what_may_begin_a_secret_at_its_end() -> None:
    redactor = knowing(TOKEN)
    for length in range(60):
        cut = redactor.hide_cut(f"words {TOKEN} and {TOKEN} more"[:length])

        assert not any(TOKEN[at : at + 3] in cut for at in range(len(TOKEN) - 2)), cut
    assert redactor.hide_cut("some words") == "some words"


SECRETS = ("tok_abcd1234", "tok_abcd1234XYZSECRETTAIL99", "TAIL99-xy-77zz", "99-xy-77zz-end-0")


@given(
    words=st.lists(
        st.sampled_from((*SECRETS, SECRETS[1][:20], "tok_abcd1234-xy-77zz", "plain", " ")),
        max_size=6,
    ),
    cuts=st.lists(st.integers(0, 160), max_size=6),
)
def test_a_stream_hides_secrets_that_begin_or_end_each_other(
    words: list[str], cuts: list[int]
) -> None:
    redactor, text = Redactor(), "".join(words)
    for secret in SECRETS:
        redactor.add(secret, secret[:4])
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]

    stream = redactor.stream()
    shown = "".join(stream.feed(text[a:b]) for a, b in pairwise(places)) + stream.end()

    assert shown == redactor.hide(text)


def test_words_names_and_paths_of_a_secret_file_stay() -> None:
    redactor = Redactor()
    file = """\
certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==
  name: kubernetes-production-cluster
DJANGO_SETTINGS_MODULE=mysite.settings.production
PATH=/usr/local/bin:/usr/bin
AWS_SECRET_ACCESS_KEY=abcDEF123456789012345
"""
    redactor.add(file, "file")
    ordinary = "set certificate-authority-data: of kubernetes-production-cluster; PATH=/usr/local/bin:/usr/bin"

    assert redactor.hide(ordinary) == ordinary
    for part in ("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==", "abcDEF123456789012345"):
        assert redactor.hide(f"it is {part}!") == "it is [redacted:file]!"
