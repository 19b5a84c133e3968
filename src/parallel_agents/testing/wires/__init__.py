"""Wires: encodes the replies of a loopback provider, one module for each wire."""
