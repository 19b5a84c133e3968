# After spawning, poll for results
from tools import sessions_list, sessions_history
# Check which agents have completed
sessions = sessions_list(agent_id_pattern="agent_*")
for session in sessions:
    if session['status'] == 'completed':
        history = sessions_history(session['sessionKey'])
        # Parse JSON from final assistant message
        output = json.loads(history[-1]['content'])
