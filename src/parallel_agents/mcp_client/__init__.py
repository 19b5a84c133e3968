"""MCP client: the tools of MCP servers, as tools of agents; loaded when the first agent names one."""
