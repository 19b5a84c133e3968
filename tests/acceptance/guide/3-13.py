from tools import sessions_spawn, sessions_list, sessions_history
import time

def spawn_with_retry(task, max_retries=2):
    """Spawn agent with automatic retry on failure."""
    for attempt in range(max_retries + 1):
        result = sessions_spawn(
            task=task,
            runTimeoutSeconds=90,
            cleanup="delete"
        )
        
        session_key = result['childSessionKey']
        
        # Wait for completion
        time.sleep(30)
        
        # Check status
        sessions = sessions_list(limit=20)
        session = next((s for s in sessions['sessions'] if s['key'] == session_key), None)
        
        if session and session.get('totalTokens', 0) > 0:
            # Verify it actually has output
            history = sessions_history(sessionKey=session_key)
            if history.get('messages'):
                return result  # Success!
        
        if attempt < max_retries:
            print(f"âš ï¸ Agent failed, retrying ({attempt + 1}/{max_retries})...")
    
    raise Exception(f"Agent failed after {max_retries} retries")

# Usage
try:
    result = spawn_with_retry("Research task here")
    print(f"âœ… Agent succeeded: {result['childSessionKey']}")
except Exception as e:
    print(f"âŒ Agent failed permanently: {e}")
