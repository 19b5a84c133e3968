"""The Python interface: `run` and `run_flow` run work to its end; `open` gives you the verbs."""
