"""What people touch."""

from __future__ import annotations
