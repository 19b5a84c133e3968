"""Notify: sends word of ends and questions to a command or a URL."""

from __future__ import annotations
