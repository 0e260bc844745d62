-- What happened, in the order in which it was written down. `line` is what the audit log says of it,
-- without anything that a person typed; once it stands it is never changed, so that what one report
-- told the next one tells again.
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_utc TEXT NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('event', 'word', 'step', 'attempt', 'legal')),
  source_row INTEGER NOT NULL,
  line TEXT
);
CREATE INDEX audit_without_line ON audit (id) WHERE line IS NULL;

-- Persons of the log by their number there: the number stays, whatever becomes of the name.
CREATE TABLE audit_person (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

INSERT INTO audit (at_utc, what, source_row)
SELECT at_utc, what, id FROM (
  SELECT at_utc, 'event' AS what, id FROM event
  UNION ALL SELECT said_at_utc, 'word', id FROM word
  UNION ALL SELECT at_utc, 'step', id FROM step_history
  UNION ALL SELECT ended_at_utc, 'attempt', id FROM attempt WHERE ended_at_utc IS NOT NULL
  UNION ALL SELECT recorded_at_utc, 'legal', id FROM legal
) ORDER BY at_utc, what, id;

CREATE TRIGGER audit_event AFTER INSERT ON event BEGIN
  INSERT INTO audit (at_utc, what, source_row) VALUES (new.at_utc, 'event', new.id);
END;
CREATE TRIGGER audit_word AFTER INSERT ON word BEGIN
  INSERT INTO audit (at_utc, what, source_row) VALUES (new.said_at_utc, 'word', new.id);
END;
CREATE TRIGGER audit_step AFTER INSERT ON step_history BEGIN
  INSERT INTO audit (at_utc, what, source_row) VALUES (new.at_utc, 'step', new.id);
END;
CREATE TRIGGER audit_attempt AFTER UPDATE OF ended_at_utc ON attempt
WHEN old.ended_at_utc IS NULL AND new.ended_at_utc IS NOT NULL BEGIN
  INSERT INTO audit (at_utc, what, source_row) VALUES (new.ended_at_utc, 'attempt', new.id);
END;
CREATE TRIGGER audit_legal AFTER INSERT ON legal BEGIN
  INSERT INTO audit (at_utc, what, source_row) VALUES (new.recorded_at_utc, 'legal', new.id);
END;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
WHEN old.line IS NOT NULL OR (old.at_utc, old.what, old.source_row)
  IS NOT (new.at_utc, new.what, new.source_row)
  BEGIN SELECT RAISE(ABORT, 'the audit log is continued, not changed'); END;
CREATE TRIGGER audit_is_never_removed BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is continued, not removed'); END;
