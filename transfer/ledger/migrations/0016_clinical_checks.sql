-- Which cells of a clinical table a finding is about, as JSON: place, form of the value, what may
-- stand there. Never a value.
ALTER TABLE finding ADD COLUMN cells TEXT NOT NULL DEFAULT '';

-- A person's word: which minimum set a term of Population belongs to that EUCAIM does not name.
CREATE TABLE population_set (
  value TEXT PRIMARY KEY,
  is_positive INTEGER NOT NULL
) WITHOUT ROWID;

-- One more kind of mend, top-age: whoever is older than 89 leaves as of 90 (AGE-04). A check of a
-- column cannot be altered in place.
CREATE TABLE mend_kept AS SELECT id, kind, value, word_id, undone_word_id FROM mend;
CREATE TABLE mend_series_kept AS SELECT series_id, mend_id FROM mend_series;
DROP TABLE mend_series;
DROP TABLE mend;
CREATE TABLE mend (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL
    CHECK (kind IN ('body-part', 'acquisition-date', 'file-meta-uid', 'top-age')),
  value TEXT NOT NULL,
  word_id INTEGER NOT NULL REFERENCES word (id),
  undone_word_id INTEGER REFERENCES word (id)
);
CREATE TABLE mend_series (
  series_id INTEGER NOT NULL REFERENCES series (id),
  mend_id INTEGER NOT NULL REFERENCES mend (id),
  PRIMARY KEY (series_id, mend_id)
) WITHOUT ROWID;
INSERT INTO mend SELECT id, kind, value, word_id, undone_word_id FROM mend_kept ORDER BY id;
INSERT INTO mend_series SELECT series_id, mend_id FROM mend_series_kept;
DROP TABLE mend_series_kept;
DROP TABLE mend_kept;
CREATE INDEX mend_series_mend ON mend_series (mend_id, series_id);
