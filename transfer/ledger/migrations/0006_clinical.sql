-- Clinical tables as they were read. Original identifiers and values: they stand here as those of
-- patients and studies do, and nowhere else.
CREATE TABLE clinical_file (
  id INTEGER PRIMARY KEY,
  path BLOB NOT NULL,
  sheet TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  form TEXT NOT NULL,
  -- What was recognised and converted, and what keeps the table from being read; codes.
  notes TEXT NOT NULL DEFAULT '',
  problem TEXT NOT NULL DEFAULT '',
  -- How many other tables beside it are named as of another dataset.
  strangers INTEGER NOT NULL DEFAULT 0,
  -- The row key of its heading, and its rows below that.
  heading_row INTEGER NOT NULL DEFAULT 1,
  data_rows INTEGER NOT NULL DEFAULT 0,
  UNIQUE (path, sheet)
);
CREATE TABLE clinical_column (
  file_id INTEGER NOT NULL REFERENCES clinical_file (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  heading TEXT NOT NULL,
  -- Which of EUCAIM's attributes it holds; empty where that is not known.
  role TEXT NOT NULL,
  -- What its dates prove about the order of day and month.
  date_order TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (file_id, number)
) WITHOUT ROWID;
-- `id` is the number of the row in its table, the heading being row 1; later tables count on.
CREATE TABLE clinical_row (
  id INTEGER PRIMARY KEY,
  file_id INTEGER NOT NULL REFERENCES clinical_file (id) ON DELETE CASCADE,
  patient TEXT NOT NULL,
  likeness TEXT NOT NULL,
  timepoint TEXT NOT NULL,
  width INTEGER NOT NULL,
  cells TEXT NOT NULL,
  patient_id INTEGER REFERENCES patient (id)
);
CREATE INDEX clinical_row_file ON clinical_row (file_id, id);
CREATE INDEX clinical_row_patient ON clinical_row (patient, timepoint);
CREATE INDEX clinical_row_likeness ON clinical_row (likeness);
CREATE INDEX clinical_row_linked ON clinical_row (patient_id) WHERE patient_id IS NOT NULL;

-- How Patient IDs look once blanks, case, accents, leading zeros and number form are put aside.
CREATE TABLE patient_likeness (
  patient_id INTEGER PRIMARY KEY REFERENCES patient (id),
  likeness TEXT NOT NULL
);
CREATE INDEX patient_likeness_text ON patient_likeness (likeness);

-- A person's word: whether the ID of a table and that of images are one patient.
CREATE TABLE clinical_link (
  patient TEXT NOT NULL,
  patient_id INTEGER NOT NULL REFERENCES patient (id),
  is_same INTEGER NOT NULL,
  PRIMARY KEY (patient, patient_id)
) WITHOUT ROWID;

-- From original dates, before any date is changed.
CREATE TABLE study_age (
  study_id INTEGER PRIMARY KEY REFERENCES study (id),
  years REAL NOT NULL,
  source TEXT NOT NULL
);
CREATE TABLE study_day (
  study_id INTEGER PRIMARY KEY REFERENCES study (id),
  days INTEGER NOT NULL,
  source TEXT NOT NULL
);

CREATE INDEX study_by_date ON study (patient_id, study_date, id);

-- `number` is empty until it is known which of several studies of one day comes first; `place` is
-- where a person put it: among those of its day, or among all where the study has no date.
CREATE TABLE timepoint (
  study_id INTEGER PRIMARY KEY REFERENCES study (id),
  episode TEXT NOT NULL CHECK (episode IN
    ('Diagnosis', 'Treatment', 'Progression', 'Relapse', 'Remission', 'Active Surveillance')),
  number INTEGER CHECK (number >= 1),
  place INTEGER
);

-- What a project of the node calls a timepoint.
CREATE TABLE timepoint_name (
  destination TEXT NOT NULL,
  episode TEXT NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (destination, episode, number)
) WITHOUT ROWID;
