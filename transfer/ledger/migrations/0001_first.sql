CREATE TABLE transfer (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  name TEXT NOT NULL,
  node TEXT NOT NULL,
  source BLOB NOT NULL,
  destination TEXT NOT NULL,
  clinical BLOB,
  site_id TEXT,
  deid TEXT,
  created_at_utc TEXT NOT NULL
);

-- Every file that the walk saw, in the order of its path's bytes; `verdict` is NULL until read.
CREATE TABLE source_file (
  id INTEGER PRIMARY KEY,
  path BLOB NOT NULL UNIQUE,
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  verdict TEXT CHECK (verdict IN ('instance', 'duplicate', 'companion', 'rejected', 'missing')),
  kind TEXT,
  reasons TEXT NOT NULL DEFAULT '',
  twin_of INTEGER REFERENCES source_file (id)
);
CREATE INDEX source_file_unread ON source_file (path) WHERE verdict IS NULL;
CREATE INDEX source_file_left_out ON source_file (verdict, path)
  WHERE verdict IN ('duplicate', 'rejected', 'missing');

CREATE INDEX source_file_twins ON source_file (twin_of) WHERE twin_of IS NOT NULL;

-- How many files ended in each way; kept by triggers so that no reader has to count.
CREATE TABLE file_tally (
  verdict TEXT NOT NULL,
  kind TEXT NOT NULL,
  n INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (verdict, kind)
) WITHOUT ROWID;

CREATE TRIGGER source_file_added AFTER INSERT ON source_file BEGIN
  INSERT INTO file_tally VALUES (ifnull(new.verdict, 'unread'), ifnull(new.kind, ''), 1, new.size_bytes)
  ON CONFLICT DO UPDATE SET n = n + 1, bytes = bytes + new.size_bytes;
END;
CREATE TRIGGER source_file_judged AFTER UPDATE OF verdict, kind, size_bytes ON source_file BEGIN
  UPDATE file_tally SET n = n - 1, bytes = bytes - old.size_bytes
  WHERE verdict = ifnull(old.verdict, 'unread') AND kind = ifnull(old.kind, '');
  INSERT INTO file_tally VALUES (ifnull(new.verdict, 'unread'), ifnull(new.kind, ''), 1, new.size_bytes)
  ON CONFLICT DO UPDATE SET n = n + 1, bytes = bytes + new.size_bytes;
END;

-- Original identifiers: nowhere else but in this file.
CREATE TABLE patient (
  id INTEGER PRIMARY KEY,
  original_id TEXT NOT NULL UNIQUE,
  original_name TEXT NOT NULL
);
CREATE TABLE study (
  id INTEGER PRIMARY KEY,
  patient_id INTEGER NOT NULL REFERENCES patient (id),
  study_uid TEXT NOT NULL,
  study_date TEXT NOT NULL,
  description TEXT NOT NULL,
  UNIQUE (study_uid, patient_id)
);
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  study_id INTEGER NOT NULL REFERENCES study (id),
  series_uid TEXT NOT NULL,
  modality TEXT NOT NULL,
  series_number TEXT NOT NULL,
  description TEXT NOT NULL,
  body_part TEXT NOT NULL,
  manufacturer TEXT NOT NULL,
  UNIQUE (series_uid, study_id)
);
CREATE INDEX series_study ON series (study_id);

CREATE TABLE batch (
  id INTEGER PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('planned', 'sending', 'unknown', 'done')),
  attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX batch_open ON batch (state, id) WHERE state <> 'done';

CREATE TABLE instance (
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
  state TEXT NOT NULL CHECK (state IN ('ready', 'sent', 'verified', 'failed')),
  reason TEXT NOT NULL DEFAULT '',
  batch_id INTEGER REFERENCES batch (id),
  attempts INTEGER NOT NULL DEFAULT 0,
  sha256 TEXT,
  evidence TEXT NOT NULL DEFAULT '',
  sent_at_utc TEXT,
  verified_at_utc TEXT
);
CREATE INDEX instance_series ON instance (series_id, state);
CREATE INDEX instance_batch ON instance (batch_id);
CREATE INDEX instance_file ON instance (file_id);
CREATE INDEX instance_unplanned ON instance (series_id, id) WHERE state = 'ready' AND batch_id IS NULL;
CREATE INDEX instance_failed ON instance (id) WHERE state = 'failed';
CREATE INDEX instance_not_deidentified ON instance (id) WHERE deidentified = 0;

CREATE TABLE tally (
  series_id INTEGER NOT NULL,
  state TEXT NOT NULL,
  n INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (series_id, state)
) WITHOUT ROWID;

CREATE INDEX tally_unverified ON tally (series_id) WHERE state = 'sent' AND n > 0;

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

CREATE TABLE attempt (
  id INTEGER PRIMARY KEY,
  batch_id INTEGER NOT NULL REFERENCES batch (id),
  epoch INTEGER NOT NULL,
  started_at_utc TEXT NOT NULL,
  ended_at_utc TEXT,
  outcome TEXT NOT NULL DEFAULT ''
);
CREATE INDEX attempt_batch ON attempt (batch_id);

CREATE TABLE finding (
  id INTEGER PRIMARY KEY,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('block', 'ask', 'warn', 'info')),
  level TEXT NOT NULL,
  key TEXT NOT NULL,
  message TEXT NOT NULL,
  remedy TEXT NOT NULL,
  UNIQUE (rule, key)
);

CREATE TABLE step (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('todo', 'waiting', 'running', 'done', 'blocked')),
  detail TEXT NOT NULL,
  changed_at_utc TEXT NOT NULL
);

-- What a named person said and the program could not know.
CREATE TABLE word (
  id INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  value TEXT NOT NULL,
  person TEXT NOT NULL,
  reason TEXT NOT NULL,
  said_at_utc TEXT NOT NULL
);

CREATE TABLE runner (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch INTEGER NOT NULL,
  pid INTEGER,
  host TEXT,
  phase TEXT NOT NULL,
  message TEXT NOT NULL,
  remedy TEXT NOT NULL,
  exit_code INTEGER,
  started_at_utc TEXT,
  ended_at_utc TEXT
);
INSERT INTO runner VALUES (1, 0, NULL, NULL, 'idle', '', '', NULL, NULL, NULL);

CREATE TABLE control (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  wish TEXT NOT NULL CHECK (wish IN ('run', 'pause', 'stop')),
  bytes_per_s INTEGER,
  concurrency INTEGER
);
INSERT INTO control VALUES (1, 'run', NULL, NULL);

CREATE TABLE progress (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  document TEXT NOT NULL
);
INSERT INTO progress VALUES (1, '{}');

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  at_utc TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL
);
