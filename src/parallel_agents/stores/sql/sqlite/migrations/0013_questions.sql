-- What runs ask people.
CREATE INDEX questions ON events (seq) WHERE key GLOB '*/asked';
