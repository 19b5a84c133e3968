SELECT DISTINCT tag.value
FROM (
    SELECT options FROM sessions WHERE parent = '' AND json_valid(options) ORDER BY created_at DESC LIMIT 500
) AS recent, json_each(recent.options, '$.tags') AS tag
LIMIT 100;
