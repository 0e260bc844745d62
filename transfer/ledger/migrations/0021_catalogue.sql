-- What the data holder says of the dataset for EUCAIM's catalogue, as it was entered.
CREATE TABLE catalogue_field (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- Under which identifier the entry goes, the newest counting: an entry keeps the one that it has.
CREATE TABLE catalogue_identifier (
  id INTEGER PRIMARY KEY,
  identifier TEXT NOT NULL,
  recorded_at_utc TEXT NOT NULL
);

-- Files that were written for the catalogue, looked through for patients' identifiers before.
CREATE TABLE catalogue_file (
  sha256 TEXT PRIMARY KEY,
  identifier TEXT NOT NULL,
  instances INTEGER NOT NULL,
  written_at_utc TEXT NOT NULL
) WITHOUT ROWID;

-- A named person looked the entry up and compared it. `instances` were verified at that time.
CREATE TABLE catalogue_seen (
  id INTEGER PRIMARY KEY,
  identifier TEXT NOT NULL,
  address TEXT NOT NULL,
  person TEXT NOT NULL,
  instances INTEGER NOT NULL,
  seen_at_utc TEXT NOT NULL
);
CREATE TRIGGER catalogue_seen_is_never_changed BEFORE UPDATE ON catalogue_seen
  BEGIN SELECT RAISE(ABORT, 'what was seen is not changed'); END;
CREATE TRIGGER catalogue_seen_is_never_removed BEFORE DELETE ON catalogue_seen
  BEGIN SELECT RAISE(ABORT, 'what was seen is not removed'); END;

-- Digests of the reports that were written, for the tickets in which they stand.
CREATE TABLE report_written (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL,
  made_at_utc TEXT NOT NULL
);
