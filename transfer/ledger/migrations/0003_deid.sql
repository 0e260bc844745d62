-- What leaves where a transfer de-identifies. The identity under which it goes is sealed with the
-- cohort's key: the ledger alone does not lead from a patient to the pseudonym.
ALTER TABLE patient ADD COLUMN pseudonym BLOB;
ALTER TABLE study ADD COLUMN out_study_uid BLOB;
ALTER TABLE series ADD COLUMN out_series_uid BLOB;
CREATE INDEX study_out ON study (out_study_uid) WHERE out_study_uid IS NOT NULL;
CREATE INDEX series_out ON series (out_series_uid) WHERE out_series_uid IS NOT NULL;
CREATE INDEX patient_out ON patient (pseudonym) WHERE pseudonym IS NOT NULL;

-- One way of de-identifying: method, key and clock. Instances say which one made what leaves.
CREATE TABLE deid_run (
  id INTEGER PRIMARY KEY,
  method TEXT NOT NULL,
  version TEXT NOT NULL,
  method_sha256 TEXT NOT NULL,
  key_fingerprint TEXT NOT NULL,
  site_sha256 TEXT NOT NULL,
  -- Over all that decides about a byte that leaves; the key in it keeps it from being guessed.
  ingredients_sha256 TEXT NOT NULL,
  clock TEXT NOT NULL,
  made_at_utc TEXT NOT NULL
);

-- `deid_run` without `head_sha256`: it was looked at and may not leave. `size_bytes` is of what
-- leaves. `hits` are the places at which the last look found an original identifier, one a line.
ALTER TABLE instance ADD COLUMN deid_run INTEGER REFERENCES deid_run (id);
ALTER TABLE instance ADD COLUMN out_sop_instance_uid BLOB;
ALTER TABLE instance ADD COLUMN out_sop_class_uid TEXT;
ALTER TABLE instance ADD COLUMN out_transfer_syntax_uid TEXT;
ALTER TABLE instance ADD COLUMN head_sha256 TEXT;
ALTER TABLE instance ADD COLUMN source_sha256 TEXT;
ALTER TABLE instance ADD COLUMN cause TEXT NOT NULL DEFAULT '';
ALTER TABLE instance ADD COLUMN hits TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX instance_out ON instance (out_sop_instance_uid)
  WHERE out_sop_instance_uid IS NOT NULL;
CREATE INDEX instance_stopped ON instance (series_id, id) WHERE cause <> '';

-- What the files of a patient tell of who that is, for the last look. Original identifiers.
CREATE TABLE patient_fact (
  patient_id INTEGER NOT NULL REFERENCES patient (id),
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (patient_id, kind, text)
) WITHOUT ROWID;
-- The file's time when it was asked for them.
ALTER TABLE instance ADD COLUMN facts_of_ns INTEGER;

-- The numbers that a script asks for, given in the order of the plan; the text is sealed.
CREATE TABLE deid_number (
  key_type TEXT NOT NULL,
  text BLOB NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (key_type, text)
) WITHOUT ROWID;
CREATE UNIQUE INDEX deid_number_given ON deid_number (key_type, number);

-- Files of the transfer's folder that belong to its method: script, lookup table and the like.
CREATE TABLE method_file (
  role TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL
) WITHOUT ROWID;
