"""The sandbox: commands of sessions run with a view of the machine that holds little of it."""
