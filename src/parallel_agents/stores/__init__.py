"""Stores: what is durable."""

from __future__ import annotations
