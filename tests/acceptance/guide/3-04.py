from tools import sessions_list, sessions_history

# Check which agents are still running
sessions = sessions_list(limit=20)

for session in sessions['sessions']:
    if 'subagent' in session['key']:
        print(f"Agent: {session['key']}")
        print(f"  Status: {'Running' if session['totalTokens'] == 0 else 'Complete'}")
        print(f"  Tokens: {session['totalTokens']}")

# Get output from completed agent
history = sessions_history(sessionKey="agent:main:subagent:...")
final_message = history['messages'][-1]  # Last assistant message
output = final_message['content']  # JSON response
