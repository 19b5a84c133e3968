"""The client of a distant gateway: the verbs and the views over HTTP, as the same protocols promise them."""

from __future__ import annotations
