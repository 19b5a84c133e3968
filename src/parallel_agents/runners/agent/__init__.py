"""The runner of agents' runs: model, tools, model, until an answer is accepted."""

from __future__ import annotations
