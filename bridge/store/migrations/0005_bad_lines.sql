-- What is done about lines that spoil it for all others: tell, mute or nothing.
ALTER TABLE rooms ADD COLUMN isolate_bad_lines TEXT NOT NULL DEFAULT 'tell';
