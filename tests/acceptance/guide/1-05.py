# The full 3-agent refinement workflow:
# Creator โ Reviewer (scores) โ Refiner (fixes) โ Reviewer (verifies)
# Repeats until score >= 8.5
agents_to_refine = [
    {'name': 'my_agent', 'current_score': 7.4, 'target': 8.5}
]
# This runs the full loop automatically
results = orch.run_iterative_refinement(agents_to_refine)
# Result: 7.4 โ 8.5+ โ
