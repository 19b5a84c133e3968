"""Searching: a full-text index of all transcripts of a home, made of the journal."""

from __future__ import annotations
