"""The MCP server; it needs the extra `mcp`, and is loaded only by `pagents mcp`."""

from __future__ import annotations
