@dataclass
class AgentTask:
    agent_type: str # Type from registry (required)
    task_description: str # What to do (required)
    input_data: Dict # Input parameters (optional)
    task_id: str # Unique ID (auto-generated)
    timeout_seconds: int # Max time (default: 120)
    output_format: str # json|markdown|code|text
