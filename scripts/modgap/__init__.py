"""Library of the modality-gap pipeline: functions on arrays and tables."""
