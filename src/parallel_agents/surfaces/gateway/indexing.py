"""Indexing: the gateway keeps the index of transcripts up to date, a little at a time."""

from __future__ import annotations

import asyncio
import logging
from typing import Never

from parallel_agents.core.transcript_search import TranscriptSearch
from parallel_agents.errors import SearchFailed

_LOOK_SECONDS = 5.0
_FAILED_SECONDS = 60.0
# While there is something to index, a tenth of the time is spent on it.
_RESTS = 9.0
_log = logging.getLogger(__name__)


async def keep_indexed(transcripts: TranscriptSearch) -> Never:
    """Index what is new, one small step after the other, with rests in which requests are answered."""
    is_failing = False
    while True:
        began = asyncio.get_running_loop().time()
        try:
            coverage = await transcripts.catch_up(most_seconds=0.0)
        except SearchFailed as error:
            if not is_failing:
                _log.warning("transcripts are not indexed: %s; %s", error, error.why)
            is_failing = True
            await asyncio.sleep(_FAILED_SECONDS)
            continue
        is_failing = False
        seconds = asyncio.get_running_loop().time() - began
        is_behind = coverage.behind > 0
        await asyncio.sleep(min(_LOOK_SECONDS, seconds * _RESTS) if is_behind else _LOOK_SECONDS)
