"""Telemetry: spans and metrics of the GenAI conventions, made of the journal and sent over OTLP."""

from __future__ import annotations
