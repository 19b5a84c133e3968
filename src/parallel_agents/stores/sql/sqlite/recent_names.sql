SELECT key, label FROM sessions WHERE parent = '' ORDER BY created_at DESC LIMIT 100;
