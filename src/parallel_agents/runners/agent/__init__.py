"""The runner of agents' runs: model, tools, model, until an answer counts."""

from __future__ import annotations
