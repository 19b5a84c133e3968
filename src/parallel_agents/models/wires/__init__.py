"""Wires: the formats of model servers, one module for each, and the model that speaks them."""
