"""The log has no secret, in whatever part of a record it is, and whoever made the logger."""

from __future__ import annotations

import logging

import pytest

from parallel_agents.secrets.known import KNOWN
from parallel_agents.secrets.redactor import MOST_SECRETS

SECRET = "sk-9fK2mQ7xVb3Rt6"


@pytest.mark.parametrize(
    "name", ["parallel_agents", "parallel_agents.new.logger", "aiohttp.client"]
)
def test_arguments_and_traces_are_hidden(name: str, caplog: pytest.LogCaptureFixture) -> None:
    KNOWN.add(SECRET, "KEY")
    log = logging.getLogger(name)
    try:
        int(f"refused {SECRET}")
    except ValueError:
        log.exception("call with %s failed", {"authorization": f"Bearer {SECRET}"})

    assert SECRET not in caplog.text
    assert caplog.text.count("[redacted:KEY]") == 2


def test_records_of_other_programs_are_not_touched(caplog: pytest.LogCaptureFixture) -> None:
    KNOWN.add(SECRET, "KEY")

    logging.getLogger("somebody.else").warning("it is %s", SECRET)

    assert SECRET in caplog.text


def test_a_thousand_secrets_are_prepared_once_and_the_one_too_many_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for number in range(MOST_SECRETS + 1):
        KNOWN.add(f"sk-{number:05}-9fK2mQ7xVb", f"S{number}")

    assert KNOWN.hide("sk-01000-9fK2mQ7xVb") == "[redacted:S1000]"
    assert KNOWN.hide("sk-00000-9fK2mQ7xVb") == "sk-00000-9fK2mQ7xVb"
    assert "S0 is no longer hidden" in caplog.text
