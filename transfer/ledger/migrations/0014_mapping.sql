-- What persons said about clinical tables. Headings and values stand here as they are written.
CREATE TABLE mapped_column (
  heading TEXT PRIMARY KEY,
  role TEXT,
  date_order TEXT,
  unit TEXT,
  is_left_out INTEGER NOT NULL DEFAULT 0,
  person TEXT NOT NULL,
  said_at_utc TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE mapped_term (
  role TEXT NOT NULL,
  value TEXT NOT NULL,
  term TEXT NOT NULL,
  person TEXT NOT NULL,
  said_at_utc TEXT NOT NULL,
  PRIMARY KEY (role, value)
) WITHOUT ROWID;
-- Attributes that the source does not hold, for the whole dataset (CLP-90).
CREATE TABLE declared (
  role TEXT PRIMARY KEY,
  person TEXT NOT NULL,
  reason TEXT NOT NULL,
  said_at_utc TEXT NOT NULL
) WITHOUT ROWID;
-- Patient IDs of tables whose rows stay here, by a person's word.
CREATE TABLE clinical_kept_back (
  patient TEXT PRIMARY KEY,
  person TEXT NOT NULL,
  reason TEXT NOT NULL,
  said_at_utc TEXT NOT NULL
) WITHOUT ROWID;
