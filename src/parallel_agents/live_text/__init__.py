"""Live text: what models are writing at this moment, told to other processes of the home while they look."""
