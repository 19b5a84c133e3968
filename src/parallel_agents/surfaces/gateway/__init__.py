"""The gateway: the verbs and the views over HTTP; it needs the extra `web`, and only `pagents serve` loads it."""

from __future__ import annotations
