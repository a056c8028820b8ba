"""Names of a run's steps that are no nodes, as far as others ask for them."""

LOADING_TFX = "Loading TFX"
READING_CSVS = "Reading CSVs"
WRITING_REPORT = "Writing report"
