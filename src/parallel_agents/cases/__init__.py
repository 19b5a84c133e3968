"""Cases: an agent tested on tasks whose answers are judged afterwards, as a flow of its own."""
