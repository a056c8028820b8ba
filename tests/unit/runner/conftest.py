"""Makes the toy pipeline importable by the dotted path that TFX writes down for it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
