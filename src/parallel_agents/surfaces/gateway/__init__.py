"""The gateway: the verbs and the views over HTTP; only `pagents serve` loads it."""

from __future__ import annotations
