@dataclass
class AgentResult:
    task_id: str # Matches AgentTask
    agent_type: str # Agent that produced this
    status: str # pending|running|completed|failed
    output: Any # Generated content (agent-dependent format)
    execution_time: float # Time taken
    error: str # Error message if failed
    session_key: str # Spawned session identifier
