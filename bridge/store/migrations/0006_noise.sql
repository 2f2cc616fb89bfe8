-- Whether the steady noise of every line is suppressed.
ALTER TABLE rooms ADD COLUMN suppress_noise BOOLEAN NOT NULL DEFAULT FALSE;
