from helpers import spawn_with_retry

# Automatic hierarchy (recommended)
result = spawn_with_retry(
    task="Research restaurants in Savannah",
    use_hierarchy=True  # default
)

# Workflow:
# 1. Tries Haiku first
# 2. If Haiku produces no output â†’ tries Kimi
# 3. If Kimi fails â†’ tries Opus
# 4. Returns first successful result

print(f"Task completed with: {result['model_used']}")
# Output: "Task completed with: anthropic/claude-haiku-4-5"
