"""Tools that reach the web: fetch and web_search."""
