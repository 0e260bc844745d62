-- What of the clinical data is not as it should be: screens ask several times a second, and there
-- may be as many items as patients.
CREATE INDEX clinical_item_trouble ON clinical_item (kind, first_row, id)
  WHERE is_going = 1 AND state IN ('failed', 'differs');
CREATE INDEX clinical_item_changed ON clinical_item (id)
  WHERE is_going = 1 AND there_sha256 <> '' AND there_sha256 <> sha256 AND state <> 'failed';
CREATE INDEX clinical_item_gone ON clinical_item (id) WHERE is_going = 0 AND is_seen = 0;
