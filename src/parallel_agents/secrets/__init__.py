"""Secrets: looked up by reference, given to whom they are for, and hidden from everything that is kept or shown."""
