"""The log has no secret, in whatever part of a record it is, and whoever made the logger."""

from __future__ import annotations

import logging

import pytest

from parallel_agents.secrets.known import KNOWN

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
