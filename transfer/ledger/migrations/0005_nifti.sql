-- NIfTI images, each with the DICOM JSON that travels with it. What a look at both files found is
-- kept with the size and time that they had then.
CREATE TABLE volume (
  id INTEGER PRIMARY KEY,
  file_id INTEGER NOT NULL UNIQUE REFERENCES source_file (id),
  file_bytes INTEGER NOT NULL,
  file_mtime_ns INTEGER NOT NULL,
  json_file_id INTEGER REFERENCES source_file (id),
  json_file_bytes INTEGER,
  json_file_mtime_ns INTEGER,
  -- Whom and what the JSON names, where instances of the same are in the source too.
  patient_id INTEGER REFERENCES patient (id),
  study_id INTEGER REFERENCES study (id),
  series_id INTEGER REFERENCES series (id),
  image_problem TEXT NOT NULL DEFAULT '',
  image_texts TEXT NOT NULL DEFAULT '',
  json_problem TEXT NOT NULL DEFAULT '',
  traits TEXT NOT NULL DEFAULT '',
  -- The image as it leaves: `head_bytes` of its gzip header stay here. Sizes in bytes.
  head_bytes INTEGER NOT NULL DEFAULT 0,
  size_bytes INTEGER NOT NULL DEFAULT 0,
  md5 TEXT NOT NULL DEFAULT '',
  sha256 TEXT NOT NULL DEFAULT '',
  -- The JSON as it leaves. `made_by` is the run that de-identified it, 0 for as it is, NULL for
  -- not made yet; `stop` and `hits` say why it does not leave.
  made_by INTEGER,
  out_traits TEXT,
  json_bytes INTEGER NOT NULL DEFAULT 0,
  json_md5 TEXT NOT NULL DEFAULT '',
  json_sha256 TEXT NOT NULL DEFAULT '',
  stop TEXT NOT NULL DEFAULT '',
  hits TEXT NOT NULL DEFAULT '',
  -- Volumes that would have the same name are numbered; kept once given.
  base_hash TEXT NOT NULL DEFAULT '',
  ordinal INTEGER NOT NULL DEFAULT 0,
  -- Whether the selection lets it go.
  is_chosen INTEGER NOT NULL DEFAULT 1,
  state TEXT NOT NULL DEFAULT 'todo'
    CHECK (state IN ('todo', 'sent', 'verified', 'failed', 'excluded')),
  reason TEXT NOT NULL DEFAULT '',
  sent_at_utc TEXT,
  verified_at_utc TEXT,
  handed_over_at_utc TEXT
);
CREATE INDEX volume_state ON volume (state, id);
CREATE INDEX volume_base ON volume (base_hash, ordinal) WHERE base_hash <> '';
