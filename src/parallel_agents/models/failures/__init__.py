"""Failures: what servers and the HTTP client report, as one class of `ProviderError` for each kind."""

from __future__ import annotations

from parallel_agents.models.failures.finding import find_error
from parallel_agents.models.failures.mapping import (
    clean,
    from_client_error,
    from_error_object,
    from_response,
    make_failure,
)

__all__ = [
    "clean",
    "find_error",
    "from_client_error",
    "from_error_object",
    "from_response",
    "make_failure",
]
