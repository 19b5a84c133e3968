from parallel_agents.helpers import poll_until_complete

outputs = poll_until_complete(agent_session_keys, timeout=120)
