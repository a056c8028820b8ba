"""Values of the training's settings that are chosen from a few."""

from typing import Final

MACRO_F1: Final = "macro_f1"
ACCURACY: Final = "accuracy"
"""Also the names of the metrics in the training's logs."""

COSINE: Final = "cosine"
PLATEAU: Final = "plateau"

AUTO: Final = "auto"
FLOAT32: Final = "float32"
BFLOAT16: Final = "bfloat16"
FLOAT16: Final = "float16"
ON: Final = "on"
ONE: Final = "one"
MIRRORED: Final = "mirrored"
MULTI_WORKER: Final = "multi_worker"

NATURAL: Final = "natural"
SQRT: Final = "sqrt"
BALANCED: Final = "balanced"

RANDOM: Final = "random"
STREAM: Final = "stream"

HEAD: Final = "head"
LAST_BLOCK: Final = "last_block"
FULL: Final = "full"
TWO_PHASE: Final = "two_phase"

CLASS_WEIGHTS: Final = "class_weights"
LOGIT_ADJUSTMENT: Final = "logit_adjustment"
FOCAL: Final = "focal"
