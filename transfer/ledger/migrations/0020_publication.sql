-- Step 10: the dataset that this transfer became, as far as it is known here, and what was done
-- with it. What was asked of a node stands here before the request goes, so that a killed process
-- never asks twice.
CREATE TABLE publication (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  dataset_id TEXT NOT NULL,
  origin TEXT NOT NULL CHECK (origin IN ('picked-up', 'created', 'destination')),
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  stage TEXT NOT NULL,
  said TEXT NOT NULL,
  visibility TEXT NOT NULL,
  studies INTEGER,
  subjects INTEGER,
  size_bytes INTEGER,
  pids TEXT NOT NULL,
  reason TEXT NOT NULL,
  link TEXT NOT NULL,
  previous_id TEXT NOT NULL,
  may TEXT NOT NULL,
  created_at_utc TEXT NOT NULL,
  stage_since_utc TEXT NOT NULL,
  seen_at_utc TEXT NOT NULL
);
-- One attempt to create a dataset. 'asked' without an answer: its fate is unknown until looked up.
CREATE TABLE creation (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  index_sha256 TEXT NOT NULL,
  studies INTEGER NOT NULL,
  subjects INTEGER NOT NULL,
  known_before TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('asked', 'created', 'refused', 'given-up')),
  dataset_id TEXT NOT NULL,
  message TEXT NOT NULL,
  person TEXT NOT NULL,
  asked_at_utc TEXT NOT NULL,
  answered_at_utc TEXT NOT NULL
);
-- What happened at step 10, in order; never changed.
CREATE TABLE publication_event (
  id INTEGER PRIMARY KEY,
  what TEXT NOT NULL,
  dataset_id TEXT NOT NULL,
  detail TEXT NOT NULL,
  person TEXT NOT NULL,
  legal_sha256 TEXT NOT NULL,
  at_utc TEXT NOT NULL
);
CREATE TRIGGER publication_event_is_never_changed BEFORE UPDATE ON publication_event
  BEGIN SELECT RAISE(ABORT, 'what happened at step 10 is not changed'); END;
CREATE TRIGGER publication_event_is_never_removed BEFORE DELETE ON publication_event
  BEGIN SELECT RAISE(ABORT, 'what happened at step 10 is not removed'); END;
-- A person's word that the node may hold something else than was verified. `figures` is the JSON of
-- what was compared: the word is for these very figures only.
CREATE TABLE accepted_difference (
  id INTEGER PRIMARY KEY,
  dataset_id TEXT NOT NULL,
  figures TEXT NOT NULL,
  person TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_utc TEXT NOT NULL
);
-- The comparison as it was made last, a JSON object; for screens that ask no node.
CREATE TABLE publication_comparison (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  dataset_id TEXT NOT NULL,
  compared TEXT NOT NULL,
  at_utc TEXT NOT NULL
);
-- Metadata as a person entered them last, by the key of their field; `texts` is a JSON array.
-- `dataset_id` is the dataset that has taken them, empty before.
CREATE TABLE publication_metadata (
  key TEXT PRIMARY KEY,
  texts TEXT NOT NULL,
  dataset_id TEXT NOT NULL,
  person TEXT NOT NULL,
  at_utc TEXT NOT NULL
);
-- Why the last thing that was tried did not come to its end; gone once something did.
CREATE TABLE publication_trouble (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  doing TEXT NOT NULL,
  exit_code INTEGER NOT NULL,
  what TEXT NOT NULL,
  remedy TEXT NOT NULL,
  since_utc TEXT NOT NULL,
  at_utc TEXT NOT NULL
);
