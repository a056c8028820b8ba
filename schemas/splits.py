"""Names of the splits."""

TRAIN = "train"
EVAL = "eval"
UNLABELLED = "unlabelled"
