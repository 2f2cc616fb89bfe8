-- What an access number means for the bill, and preset security codes.

-- `call_type`: toll, tollfree, voip or dialout; `country`: ISO 3166 alpha-2, or empty.
ALTER TABLE access_numbers ADD COLUMN call_type TEXT NOT NULL DEFAULT 'toll';
ALTER TABLE access_numbers ADD COLUMN country TEXT NOT NULL DEFAULT '';

ALTER TABLE calls ADD COLUMN call_type TEXT NOT NULL DEFAULT 'voip';
ALTER TABLE calls ADD COLUMN country TEXT NOT NULL DEFAULT '';

-- The preset security code, kept as the PIN is.
ALTER TABLE rooms ADD COLUMN code_mac TEXT;
