"""Whether an answer is worth having: gates, judges, and loops that make it better."""

from __future__ import annotations
