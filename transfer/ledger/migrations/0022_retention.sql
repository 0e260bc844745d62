-- The end of retention: when it is due, by a person's word, and how far the removal of originals
-- is. Once begun it is only ever finished. `names` says whether that stayed under which things lie
-- on the node, `key_fate` what became of the cohort's key.
CREATE TABLE retention (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  due_day TEXT NOT NULL DEFAULT '',
  begun_at_utc TEXT NOT NULL DEFAULT '',
  done_at_utc TEXT NOT NULL DEFAULT '',
  report_digest TEXT NOT NULL DEFAULT '',
  names TEXT NOT NULL DEFAULT '' CHECK (names IN ('', 'kept', 'removed')),
  key_fate TEXT NOT NULL DEFAULT '' CHECK (key_fate IN ('', 'removed', 'kept', 'none'))
);
-- Up to which row of a large table that is done.
CREATE TABLE removal (
  table_name TEXT PRIMARY KEY,
  last_row INTEGER NOT NULL
) WITHOUT ROWID;
-- How many clinical rows a patient had: all that stays of them.
CREATE TABLE rows_removed (
  patient_id INTEGER PRIMARY KEY REFERENCES patient (id),
  n INTEGER NOT NULL
);
