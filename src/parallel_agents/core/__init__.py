"""The nouns: frozen values and small protocols, without I/O, loop, clock or logging."""
