-- The legal record: who declared or signed what, when, proved by which document, and which papers
-- are there. The newest row on a thing counts; earlier ones stay as they were written.
CREATE TABLE legal (
  id INTEGER PRIMARY KEY,
  what TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('there', 'not-applicable', 'missing', 'withdrawn')),
  person TEXT NOT NULL,
  day TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  is_digested_here INTEGER NOT NULL CHECK (is_digested_here IN (0, 1)),
  ticket TEXT NOT NULL,
  reason TEXT NOT NULL,
  entered_by TEXT NOT NULL,
  is_sandbox INTEGER NOT NULL CHECK (is_sandbox IN (0, 1)),
  recorded_at_utc TEXT NOT NULL
);
CREATE INDEX legal_what ON legal (what, id);
CREATE TRIGGER legal_is_never_changed BEFORE UPDATE ON legal
  BEGIN SELECT RAISE(ABORT, 'the legal record is superseded, not changed'); END;
CREATE TRIGGER legal_is_never_removed BEFORE DELETE ON legal
  BEGIN SELECT RAISE(ABORT, 'the legal record is superseded, not removed'); END;
