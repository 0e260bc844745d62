-- How heavy a finding was, and of how many things, when a person gave a word on it: one that grew
-- since is asked about again. Words from before were on nothing that is known.
ALTER TABLE settled ADD COLUMN severity TEXT NOT NULL DEFAULT 'info';
ALTER TABLE settled ADD COLUMN n INTEGER NOT NULL DEFAULT 0;
CREATE INDEX settled_key ON settled (key);
