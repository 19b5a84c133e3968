from tools import sessions_spawn
result = sessions_spawn(
    task=agent_prompt, # Full task description
    agent_id=f"agent_{type}_{id}", # Unique identifier
    model="kimi-coding/k2p5", # AI model
    runTimeoutSeconds=120, # Max execution time
    cleanup="delete" # Auto-cleanup
)
