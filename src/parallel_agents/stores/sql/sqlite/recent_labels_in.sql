SELECT DISTINCT label FROM (
    SELECT label FROM sessions
    WHERE parent <> '' AND root = COALESCE(
        (SELECT key FROM sessions WHERE parent = '' AND :name = '@last' ORDER BY created_at DESC LIMIT 1),
        (SELECT key FROM sessions WHERE parent = '' AND spawn_key = :name),
        (SELECT root FROM sessions WHERE key = :name),
        (SELECT root FROM sessions WHERE label = :name ORDER BY created_at DESC LIMIT 1),
        (SELECT root FROM sessions
         WHERE substr(key, length(rtrim(key, replace(key, ':', ''))) + 1) >= :name
           AND substr(key, length(rtrim(key, replace(key, ':', ''))) + 1) < :name || char(1114111)
         LIMIT 1)
    )
    ORDER BY created_at DESC LIMIT 1000
);
