-- On some nodes what was acknowledged waits until its Study is taken over as a whole.
ALTER TABLE study ADD COLUMN committed_at_utc TEXT;

-- A Study that gets a further instance has to be taken over again.
CREATE TRIGGER study_grew AFTER UPDATE OF state ON instance
WHEN new.state = 'sent' AND old.state = 'ready' BEGIN
  UPDATE study SET committed_at_utc = NULL
  WHERE id = (SELECT study_id FROM series WHERE id = new.series_id)
    AND committed_at_utc IS NOT NULL;
END;
