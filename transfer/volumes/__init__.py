"""NIfTI volumes: an image and its DICOM JSON, looked at, paired, and made fit to leave."""
