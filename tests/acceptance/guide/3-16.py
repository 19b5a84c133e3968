# Need maximum reasoning (skip hierarchy)
result = spawn_with_retry(
    task="Design complex distributed system architecture",
    model="anthropic/claude-opus-4-5",
    use_hierarchy=False
)

# Want consistent model for testing
result = spawn_with_retry(
    task="Test task",
    model="kimi-coding/k2p5",
    use_hierarchy=False
)
