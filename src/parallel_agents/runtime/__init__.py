"""What makes runs happen: the loop of a run, its calls, its mail."""

from __future__ import annotations
