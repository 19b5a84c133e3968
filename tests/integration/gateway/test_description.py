"""Description: requests drawn from the published OpenAPI are answered as it says, and never with a fault of ours."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.gateway.test_gateway import TASK

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Served, Serving

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
CASES, SECONDS = 60, 600
# With names of what is there, most requests get past the 404.
CONFIG = """
[parameters]
"path.name" = "{name}"
"query.names" = "{name}"
"""


@pytest.fixture
def schemathesis(pytestconfig: pytest.Config) -> str:
    if not pytestconfig.getoption("--long"):
        pytest.skip("minutes of requests: --long")
    found = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    if found is None or importlib.util.find_spec("schemathesis") is None:
        pytest.skip("there is no schemathesis: pip install schemathesis")
    return found


@pytest.mark.timeout(SECONDS + 60)
async def test_every_route_answers_as_the_description_says(
    serving: Serving, schemathesis: str, tmp_path: Path
) -> None:
    async with serving() as served, served.worker():
        _, spawned = await served.post("/runs", {**TASK, "label": "there"})
        await served.get(f"/wait?names={spawned['id']}")
        code, told = await drawn(served, schemathesis, tmp_path, spawned["id"])

    assert code == 0, told[-3000:]


async def drawn(served: Served, schemathesis: str, folder: Path, name: str) -> tuple[int, str]:
    """Draw requests; the exit code, and what was found."""
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG.format(name=name), "utf-8")
    process = await asyncio.create_subprocess_exec(
        *(schemathesis, "--config-file", str(config), "run", f"{served.url}/api/v1/openapi.json"),
        *("-H", f"Authorization: Bearer {served.tokens.operate}"),
        *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"),
        *("--max-examples", str(CASES), "--suppress-health-check", "all", "--no-shrink"),
        # Streams have no end.
        *("--exclude-path", "/api/v1/client/follow", "--exclude-path", "/api/v1/client/listen"),
        *("--request-timeout", "60"),
        *("--seed", "1", "--generation-database", "none", "--output-truncate", "true"),
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        stdout=PIPE,
        stderr=STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode is not None
    return process.returncode, out.decode()
