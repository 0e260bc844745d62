-- An archive whose members are rows of source_file, as it was when they were listed.
CREATE TABLE archive (
  file_id INTEGER PRIMARY KEY REFERENCES source_file (id),
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL
);

-- What an index of a medium (DICOMDIR) names, and how much of that is not in the source.
CREATE TABLE directory (
  file_id INTEGER PRIMARY KEY REFERENCES source_file (id),
  named INTEGER NOT NULL,
  absent INTEGER NOT NULL
);

CREATE INDEX source_file_containers ON source_file (kind, id)
  WHERE kind IN ('archive', 'dicomdir');
