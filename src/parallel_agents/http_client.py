"""HTTP client: the names of aiohttp, which is imported when one of them is used first.

Most processes plan, look and hand over, and call no server: aiohttp would be an eighth of what they
load. A module that calls servers imports this one as `aiohttp`, and the types from aiohttp itself.
"""

from __future__ import annotations


def __getattr__(name: str) -> object:
    import aiohttp  # noqa: PLC0415 - see above

    found: object = getattr(aiohttp, name)
    globals()[name] = found
    return found
