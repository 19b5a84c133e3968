"""The command pagents."""

from __future__ import annotations
