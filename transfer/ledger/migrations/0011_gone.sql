-- The volumes of an object, wherever it is asked whether all of it has gone.
CREATE INDEX volume_patient ON volume (patient_id, state) WHERE patient_id IS NOT NULL;
CREATE INDEX volume_study ON volume (study_id, state) WHERE study_id IS NOT NULL;
CREATE INDEX volume_series ON volume (series_id, state) WHERE series_id IS NOT NULL;
