SELECT key, label, spawn_key FROM sessions WHERE parent = '' ORDER BY created_at DESC LIMIT 100;
