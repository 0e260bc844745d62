-- What the instances of a Series say, once for all that say the same, so that rules need not look at
-- every instance again: `example` is the first of `n` instances. True of a Series as long as that
-- is not in `said_anew`; of those that are, the instances themselves tell.
CREATE TABLE said (
  series_id INTEGER NOT NULL,
  traits_id INTEGER,
  out_traits_id INTEGER,
  is_excluded INTEGER NOT NULL,
  n INTEGER NOT NULL,
  example INTEGER NOT NULL
);
CREATE INDEX said_series ON said (series_id);
CREATE TABLE said_anew (series_id INTEGER PRIMARY KEY);
INSERT INTO said_anew SELECT id FROM series;

CREATE TRIGGER instance_says AFTER INSERT ON instance BEGIN
  INSERT INTO said_anew VALUES (new.series_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER instance_says_no_more AFTER DELETE ON instance BEGIN
  INSERT INTO said_anew VALUES (old.series_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER instance_says_anew AFTER UPDATE OF traits_id, out_traits_id, series_id ON instance
WHEN (new.traits_id, new.out_traits_id, new.series_id)
  IS NOT (old.traits_id, old.out_traits_id, old.series_id) BEGIN
  INSERT INTO said_anew VALUES (old.series_id) ON CONFLICT DO NOTHING;
  INSERT INTO said_anew VALUES (new.series_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER instance_chosen AFTER UPDATE OF state ON instance
WHEN (new.state = 'excluded') <> (old.state = 'excluded') BEGIN
  INSERT INTO said_anew VALUES (new.series_id) ON CONFLICT DO NOTHING;
END;

-- What waits to be de-identified, in the order of the plan.
CREATE INDEX instance_unprepared ON instance (series_id, id)
  WHERE state = 'ready' AND (head_sha256 IS NULL OR deid_run IS NULL);
-- NIfTI images are few among many files.
CREATE INDEX source_file_images ON source_file (id) WHERE kind = 'nifti';
