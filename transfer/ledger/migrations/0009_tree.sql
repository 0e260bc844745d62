-- The tree patient, study, series is read a page at a time, by row.
CREATE INDEX study_of_patient ON study (patient_id, id);
CREATE INDEX tally_excluded ON tally (series_id) WHERE state = 'excluded' AND n > 0;

-- Where in the tree each open finding lies; `worst` is 0 for block, 1 ask, 2 warn, 3 info. A
-- finding about a patient has no study, one about a study no series.
CREATE VIEW finding_in_tree AS
SELECT f.id AS finding_id, p.id AS patient_id, NULL AS study_id, NULL AS series_id,
  instr('bawi', substr(f.severity, 1, 1)) - 1 AS worst
FROM finding f JOIN patient p ON p.id = CAST(substr(f.key, 2) AS INTEGER)
WHERE f.standing = 'open' AND substr(f.key, 1, 1) = 'P'
UNION ALL
SELECT f.id, s.patient_id, s.id, NULL, instr('bawi', substr(f.severity, 1, 1)) - 1
FROM finding f JOIN study s ON s.id = CAST(substr(f.key, 2) AS INTEGER)
WHERE f.standing = 'open' AND substr(f.key, 1, 1) = 'S'
UNION ALL
SELECT f.id, s.patient_id, s.id, e.id, instr('bawi', substr(f.severity, 1, 1)) - 1
FROM finding f JOIN series e ON e.id = CASE substr(f.key, 1, 1)
  WHEN 'E' THEN CAST(substr(f.key, 2) AS INTEGER)
  WHEN 'I' THEN (SELECT series_id FROM instance WHERE id = CAST(substr(f.key, 2) AS INTEGER))
  ELSE (SELECT series_id FROM instance WHERE file_id = CAST(substr(f.key, 2) AS INTEGER) LIMIT 1)
  END
JOIN study s ON s.id = e.study_id
WHERE f.standing = 'open' AND substr(f.key, 1, 1) IN ('E', 'I', 'F');

CREATE TABLE finding_place (
  finding_id INTEGER PRIMARY KEY,
  patient_id INTEGER NOT NULL,
  study_id INTEGER,
  series_id INTEGER,
  worst INTEGER NOT NULL
);
CREATE INDEX finding_place_patient ON finding_place (patient_id, worst);
CREATE INDEX finding_place_study ON finding_place (study_id, worst) WHERE study_id IS NOT NULL;
-- What is found about the patient or the study itself, not about what lies below.
CREATE INDEX finding_place_own_patient ON finding_place (patient_id) WHERE study_id IS NULL;
CREATE INDEX finding_place_own_study ON finding_place (study_id) WHERE series_id IS NULL;
CREATE INDEX finding_place_series ON finding_place (series_id, worst) WHERE series_id IS NOT NULL;

CREATE TRIGGER finding_found AFTER INSERT ON finding BEGIN
  INSERT INTO finding_place SELECT * FROM finding_in_tree WHERE finding_id = new.id;
END;
CREATE TRIGGER finding_changed AFTER UPDATE OF standing, severity ON finding BEGIN
  DELETE FROM finding_place WHERE finding_id = new.id;
  INSERT INTO finding_place SELECT * FROM finding_in_tree WHERE finding_id = new.id;
END;
CREATE TRIGGER finding_gone AFTER DELETE ON finding BEGIN
  DELETE FROM finding_place WHERE finding_id = old.id;
END;
INSERT INTO finding_place SELECT * FROM finding_in_tree;

-- The board of timepoints as it was before the last change, of the patients concerned.
CREATE TABLE timepoint_before (
  study_id INTEGER PRIMARY KEY,
  episode TEXT,
  number INTEGER,
  place INTEGER
);
