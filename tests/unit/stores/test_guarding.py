"""What a statement writes has no secret, be it a text, JSON, or JSON within JSON."""

from __future__ import annotations

import orjson
import pytest

from parallel_agents.secrets.known import KNOWN
from parallel_agents.stores.guarding import guarded, guarded_rows

QUOTED = "Zx81\"quote'd-T0KEN"
LITERAL = r"CORP\nightly:Tr0ub4dor&3"


@pytest.mark.parametrize("secret", [QUOTED, LITERAL, "ends-in-one-Xy1\\"])
def test_a_secret_that_json_escapes_is_hidden_in_texts_and_in_json(secret: str) -> None:
    KNOWN.add(secret, "S")
    within = orjson.dumps({"label": secret}).decode()
    plain = [f"L {secret}", f"[L] {secret}", f"{{{secret}", within, orjson.dumps([within])]

    for value in plain:
        as_bytes = value if isinstance(value, bytes) else value.encode()
        for each in (value, as_bytes):
            (hidden,) = guarded((each,))
            text = hidden.decode() if isinstance(hidden, bytes) else str(hidden)
            assert "[redacted:S]" in text
            assert secret not in text
            assert secret not in str(guarded({"name": each}))
    (hidden,) = guarded((within,))
    assert orjson.loads(str(hidden)) == {"label": "[redacted:S]"}


def test_values_without_a_secret_are_the_same_object() -> None:
    KNOWN.add(QUOTED, "S")
    rows = [("a", 1, b"[]"), ("[b", None, b"x")]

    assert guarded_rows(rows) is rows
    assert guarded(rows[0]) is rows[0]


def test_a_number_that_is_a_secret_is_hidden_in_json_before_it_is_rounded() -> None:
    KNOWN.add("49291234567812345678901234", "N")

    hidden = guarded((b'{"n":49291234567812345678901234}', '["[49291234567812345678901234]"]'))

    assert hidden == (b'{"n":"[redacted:N]"}', '["[\\"[redacted:N]\\"]"]')
