-- What the rules ask of a header, once for all instances that say the same.
CREATE TABLE traits (
  id INTEGER PRIMARY KEY,
  document TEXT NOT NULL UNIQUE
);

-- Whom headers name beside a Patient ID. Two persons of one patient are two people who share an ID,
-- or one who is spelt differently: instances tell which of them are still there. Original
-- identifiers.
CREATE TABLE person (
  id INTEGER PRIMARY KEY,
  patient_id INTEGER NOT NULL REFERENCES patient (id),
  name TEXT NOT NULL,
  birth_date TEXT NOT NULL,
  UNIQUE (patient_id, name, birth_date)
);

-- Facts about the ledger itself, by name: which attributes the traits hold, for one.
CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- A member of an archive names the archive that it lies in.
ALTER TABLE source_file ADD COLUMN container_id INTEGER REFERENCES source_file (id);
CREATE INDEX source_file_members ON source_file (container_id, id) WHERE container_id IS NOT NULL;
-- SQLite takes a partial index only for the very words of its condition.
CREATE INDEX source_file_rejected ON source_file (path) WHERE verdict = 'rejected';
CREATE INDEX source_file_duplicates ON source_file (path) WHERE verdict = 'duplicate';
CREATE INDEX source_file_reasons ON source_file (id) WHERE reasons <> '';

-- `excluded`: a person chose that it does not go.
CREATE TABLE instance_new (
  id INTEGER PRIMARY KEY,
  file_id INTEGER NOT NULL REFERENCES source_file (id),
  -- The file as it was when this instance was read from it; another may be in its place by now.
  file_bytes INTEGER NOT NULL,
  file_mtime_ns INTEGER NOT NULL,
  series_id INTEGER NOT NULL REFERENCES series (id),
  sop_instance_uid TEXT NOT NULL UNIQUE,
  sop_class_uid TEXT NOT NULL,
  transfer_syntax_uid TEXT NOT NULL,
  body_offset INTEGER NOT NULL,
  has_part10 INTEGER NOT NULL,
  deidentified INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('ready', 'sent', 'verified', 'failed', 'excluded')),
  reason TEXT NOT NULL DEFAULT '',
  batch_id INTEGER REFERENCES batch (id),
  attempts INTEGER NOT NULL DEFAULT 0,
  sha256 TEXT,
  evidence TEXT NOT NULL DEFAULT '',
  sent_at_utc TEXT,
  verified_at_utc TEXT,
  deid_run INTEGER REFERENCES deid_run (id),
  out_sop_instance_uid BLOB,
  out_sop_class_uid TEXT,
  out_transfer_syntax_uid TEXT,
  head_sha256 TEXT,
  source_sha256 TEXT,
  cause TEXT NOT NULL DEFAULT '',
  hits TEXT NOT NULL DEFAULT '',
  facts_of_ns INTEGER,
  -- Of the file, and of what leaves where that was made already.
  traits_id INTEGER REFERENCES traits (id),
  out_traits_id INTEGER REFERENCES traits (id),
  person_id INTEGER REFERENCES person (id)
);
INSERT INTO instance_new
SELECT id, file_id, file_bytes, file_mtime_ns, series_id, sop_instance_uid, sop_class_uid,
  transfer_syntax_uid, body_offset, has_part10, deidentified, size_bytes, state, reason, batch_id,
  attempts, sha256, evidence, sent_at_utc, verified_at_utc, deid_run, out_sop_instance_uid,
  out_sop_class_uid, out_transfer_syntax_uid, head_sha256, source_sha256, cause, hits, facts_of_ns,
  NULL, NULL, NULL
FROM instance;
DROP TABLE instance;
ALTER TABLE instance_new RENAME TO instance;
CREATE INDEX instance_series ON instance (series_id, state);
CREATE INDEX instance_batch ON instance (batch_id);
CREATE INDEX instance_file ON instance (file_id);
CREATE INDEX instance_unplanned ON instance (series_id, id) WHERE state = 'ready' AND batch_id IS NULL;
CREATE INDEX instance_failed ON instance (id) WHERE state = 'failed';
CREATE INDEX instance_not_deidentified ON instance (id) WHERE deidentified = 0;
CREATE UNIQUE INDEX instance_out ON instance (out_sop_instance_uid)
  WHERE out_sop_instance_uid IS NOT NULL;
CREATE INDEX instance_stopped ON instance (series_id, id) WHERE cause <> '';
CREATE INDEX instance_traits ON instance (series_id, traits_id, out_traits_id, state);

CREATE TRIGGER instance_added AFTER INSERT ON instance BEGIN
  INSERT INTO tally VALUES (new.series_id, new.state, 1, new.size_bytes)
  ON CONFLICT DO UPDATE SET n = n + 1, bytes = bytes + new.size_bytes;
END;
CREATE TRIGGER instance_moved AFTER UPDATE OF state, series_id, size_bytes ON instance BEGIN
  UPDATE tally SET n = n - 1, bytes = bytes - old.size_bytes
  WHERE series_id = old.series_id AND state = old.state;
  INSERT INTO tally VALUES (new.series_id, new.state, 1, new.size_bytes)
  ON CONFLICT DO UPDATE SET n = n + 1, bytes = bytes + new.size_bytes;
END;
CREATE TRIGGER instance_gone AFTER DELETE ON instance BEGIN
  UPDATE tally SET n = n - 1, bytes = bytes - old.size_bytes
  WHERE series_id = old.series_id AND state = old.state;
END;
CREATE TRIGGER study_grew AFTER UPDATE OF state ON instance
WHEN new.state = 'sent' AND old.state = 'ready' BEGIN
  UPDATE study SET committed_at_utc = NULL
  WHERE id = (SELECT study_id FROM series WHERE id = new.series_id)
    AND committed_at_utc IS NOT NULL;
END;

-- `n` things (instances, files, rows) of the object `key` are concerned, `example` is one of them.
-- `standing` says whether a finding still asks for something.
CREATE TABLE finding_new (
  id INTEGER PRIMARY KEY,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('block', 'ask', 'warn', 'info')),
  level TEXT NOT NULL,
  key TEXT NOT NULL,
  message TEXT NOT NULL,
  remedy TEXT NOT NULL,
  n INTEGER NOT NULL DEFAULT 1,
  example TEXT NOT NULL DEFAULT '',
  standing TEXT NOT NULL DEFAULT 'open'
    CHECK (standing IN ('open', 'waived', 'answered', 'excluded', 'mended')),
  UNIQUE (rule, key)
);
INSERT INTO finding_new (id, rule, severity, level, key, message, remedy)
SELECT id, rule, severity, level, key, message, remedy FROM finding;
DROP TABLE finding;
ALTER TABLE finding_new RENAME TO finding;
CREATE INDEX finding_worst ON finding (standing, severity, rule, id);
CREATE INDEX finding_key ON finding (key);

-- A named person's word on one finding. It outlives the finding, which may come back.
CREATE TABLE settled (
  rule TEXT NOT NULL,
  key TEXT NOT NULL,
  standing TEXT NOT NULL CHECK (standing IN ('waived', 'answered')),
  value TEXT NOT NULL,
  word_id INTEGER NOT NULL REFERENCES word (id),
  PRIMARY KEY (rule, key)
) WITHOUT ROWID;

-- What goes, as ordered rules; the last one that fits an object decides. Without any, all goes.
CREATE TABLE selection_rule (
  id INTEGER PRIMARY KEY,
  action TEXT NOT NULL CHECK (action IN ('include', 'exclude', 'only')),
  subject TEXT NOT NULL,
  value TEXT NOT NULL,
  word_id INTEGER REFERENCES word (id)
);
-- The entries of a list that a person gave: Patient IDs, Study Instance UIDs.
CREATE TABLE selection_item (
  rule_id INTEGER NOT NULL REFERENCES selection_rule (id) ON DELETE CASCADE,
  text TEXT NOT NULL,
  PRIMARY KEY (rule_id, text)
) WITHOUT ROWID;
