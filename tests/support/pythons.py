"""What some Pythons cannot do."""

from __future__ import annotations

import sys

import pytest

# https://github.com/python/cpython/issues/113964, mended in 3.12.3.
needs_threads_at_the_end = pytest.mark.skipif(
    (3, 12, 0) <= sys.version_info < (3, 12, 3),
    reason="this Python starts no thread once the main thread has ended",
)
