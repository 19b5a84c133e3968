"""Loading: a command loads many modules without looking for garbage among what stays.

The 800 modules of the gateway are 100,000 objects: visited again and again while they come, they
cost a seventh of its start, and each later search for garbage would visit them once more.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def loading() -> Generator[None]:
    """Load modules or make what lives as long as the process; no search for garbage visits them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.freeze()
            gc.enable()
