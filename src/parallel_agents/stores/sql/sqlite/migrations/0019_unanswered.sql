-- Calls that brought no reply and may have been billed.
CREATE INDEX unanswered ON events (run) WHERE key GLOB 'turn-*/unanswered-*';
