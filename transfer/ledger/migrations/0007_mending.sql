CREATE INDEX selection_item_text ON selection_item (text);

-- What a person had put right in what is sent. `value`: the term, or the tags of the dates that may
-- be taken, the first one first.
CREATE TABLE mend (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('body-part', 'acquisition-date', 'file-meta-uid')),
  value TEXT NOT NULL,
  word_id INTEGER NOT NULL REFERENCES word (id),
  undone_word_id INTEGER REFERENCES word (id)
);
CREATE TABLE mend_series (
  series_id INTEGER NOT NULL REFERENCES series (id),
  mend_id INTEGER NOT NULL REFERENCES mend (id),
  PRIMARY KEY (series_id, mend_id)
) WITHOUT ROWID;
CREATE INDEX mend_series_mend ON mend_series (mend_id, series_id);

-- Which mends changed something in what leaves, and from where a value was taken.
ALTER TABLE instance ADD COLUMN mends TEXT NOT NULL DEFAULT '';
CREATE INDEX instance_mended ON instance (mends) WHERE mends <> '';
