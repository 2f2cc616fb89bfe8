-- Security codes, keypad layouts, waiting without music, and what ends a call or begins one.
ALTER TABLE rooms ADD COLUMN security_code BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE rooms ADD COLUMN layout TEXT NOT NULL DEFAULT 'openvoice';
ALTER TABLE rooms ADD COLUMN hold_music BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE rooms ADD COLUMN alone_min BIGINT NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN carrier_limit_min BIGINT NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN dial_out BOOLEAN NOT NULL DEFAULT FALSE;
