"""Maps: one agent over many rows, with a window of tasks in flight and results in the order of the rows."""
