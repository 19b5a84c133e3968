"""Parallel Agents: run teams of AI agents in parallel and get every result back."""

from __future__ import annotations
