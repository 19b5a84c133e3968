"""No secret is written into the configuration, and none is shown by the refusal."""

from __future__ import annotations

import pytest

from parallel_agents.configuring.secret_values import check_no_secret
from parallel_agents.core.json_value import Json
from parallel_agents.errors import SecretInSetting

KEY = "sk-abcdefghijklmnop1234"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("model", KEY),
        ("notify", f"https://hooks.example/{KEY}"),
        ("notify", "https://hooks.example/send?token=s3cr3tvalue"),
        ("providers.mine.key", "hunter2"),
        ("providers.mine", {"key": "hunter2"}),
        ("providers.mine.headers.X-Token", "hunter2hunter2"),
        ("providers.mine.base_url", "https://ana:hunter2@models.example/v1"),
        ("default_agent", "q8Zr-4kPw0vN"),
        ("providers.mine.key", f"env:{KEY}"),
        ("sandbox_hosts", ["pypi.org", KEY]),
    ],
)
def test_a_secret_is_refused_without_showing_it(path: str, value: Json) -> None:
    variables = {"MY_API_KEY": "q8Zr-4kPw0vN"}

    with pytest.raises(SecretInSetting) as caught:
        check_no_secret(path.split("."), value, variables)

    shown = f"{caught.value} {caught.value.why} {caught.value.hint}"
    assert not [text for text in (KEY, "hunter2", "s3cr3tvalue", "q8Zr") if text in shown]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("model", "openai/gpt-5"),
        ("providers.mine.key", "env:OFFICE_KEY"),
        ("providers.mine.key", "keyring:office/me"),
        ("providers.mine.base_url", "http://127.0.0.1:8080/v1"),
        ("providers.mine.headers.User-Agent", "pagents-office"),
        ("max_parallel", 8),
        ("notify", "https://hooks.example/send"),
    ],
)
def test_what_is_no_secret_may_be_written(path: str, value: Json) -> None:
    check_no_secret(path.split("."), value, {"MY_API_KEY": "q8Zr-4kPw0vN"})
