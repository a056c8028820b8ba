"""The warning that a model has answered whole photos, which it was not trained on."""

from collections.abc import Callable, Iterable

from client.predict.predictions import Outcome, Prediction
from schemas import signatures

WARNING = (
    "this model has no locator, so that photos without a box are taken as a whole. It has learnt "
    "from boxes around animals, and guesses without one: give a box for each photo, or use a model "
    "of a run with locate.enabled=true"
)


class WholePhotoWarning:
    """Warns once, when the first answer to a whole photo comes."""

    def __init__(self, write: Callable[[str], object]) -> None:
        """Keeps what writes a text."""
        self._write = write
        self._has_warned = False

    def look_at(self, outcomes: Iterable[Outcome]) -> None:
        """Looks at outcomes."""
        if self._has_warned:
            return
        self._has_warned = any(
            isinstance(one, Prediction) and one.box_source == signatures.BOX_WHOLE
            for one in outcomes
        )
        if self._has_warned:
            self._write(f"warning: {WARNING}\n")
