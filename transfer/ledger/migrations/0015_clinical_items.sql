-- What goes of the clinical data, item by item: a subject's document, or a whole file. Its content
-- is made anew from the rows whenever it is needed; `sha256` is the digest of what leaves now, and
-- `there_sha256` of what the node took last, empty where it took nothing. A subject is known by its
-- patient alone: pseudonyms stand sealed with the patient, and nowhere else.
CREATE TABLE clinical_item (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('subject', 'file')),
  patient_id INTEGER REFERENCES patient (id),
  name TEXT NOT NULL DEFAULT '',
  sha256 TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('ready', 'sent', 'verified', 'differs', 'failed')),
  reason TEXT NOT NULL DEFAULT '',
  first_row INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  there_sha256 TEXT NOT NULL DEFAULT '',
  -- Seen by the making that is under way, and by the last one that came to its end.
  is_seen INTEGER NOT NULL DEFAULT 1,
  is_going INTEGER NOT NULL DEFAULT 1,
  changed_at_utc TEXT NOT NULL,
  UNIQUE (kind, patient_id, name)
);
CREATE UNIQUE INDEX clinical_item_subject ON clinical_item (patient_id) WHERE kind = 'subject';
CREATE INDEX clinical_item_state ON clinical_item (kind, is_going, state);
