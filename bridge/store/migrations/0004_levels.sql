-- Whether quiet and loud callers are brought to the same loudness.
ALTER TABLE rooms ADD COLUMN auto_gain BOOLEAN NOT NULL DEFAULT TRUE;
