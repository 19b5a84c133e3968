from helpers import spawn_parallel_with_retry

tasks = [
    "Research bars in Savannah",
    "Research restaurants",  
    "Research photo spots"
]

# All start with Haiku, auto-escalate if needed
results = spawn_parallel_with_retry(tasks, use_hierarchy=True)

# Check what models were used
for r in results:
    if r.get('success'):
        model = r['model_used'].split('/')[-1]
        print(f"Used {model}")

# Output might be:
# Used claude-haiku-4-5
# Used k2p5 (escalated from Haiku)
# Used claude-haiku-4-5
