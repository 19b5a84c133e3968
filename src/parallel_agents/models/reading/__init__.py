"""Reading: tolerant readers of what models and servers write, for where strict reading failed."""
