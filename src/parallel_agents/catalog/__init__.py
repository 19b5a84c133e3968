"""Agents and teams as files."""

from __future__ import annotations
