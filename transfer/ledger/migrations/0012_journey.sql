-- The journey remembers: who brought a step where it is, since when it is there, by what it is
-- proved, and where the operator was last.
ALTER TABLE step ADD COLUMN person TEXT NOT NULL DEFAULT '';
ALTER TABLE step ADD COLUMN evidence TEXT NOT NULL DEFAULT '';
ALTER TABLE step ADD COLUMN since_utc TEXT NOT NULL DEFAULT '';
UPDATE step SET since_utc = changed_at_utc;

CREATE TABLE step_history (
  id INTEGER PRIMARY KEY,
  step TEXT NOT NULL,
  state TEXT NOT NULL,
  detail TEXT NOT NULL,
  person TEXT NOT NULL,
  evidence TEXT NOT NULL,
  at_utc TEXT NOT NULL
);

CREATE TABLE journey_place (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  step TEXT NOT NULL
);
