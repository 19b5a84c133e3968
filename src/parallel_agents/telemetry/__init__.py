"""Telemetry: what the journal says of the work as a whole."""

from __future__ import annotations
