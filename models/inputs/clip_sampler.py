"""Which frames an epoch has and in what order: a share of each clip, other frames next time.

Everything is a function of the settings, the seed and the number of the epoch. So the example at
any position of the training's stream is known without going through those before it.
"""

import collections
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.settings.training import TrainSettings
from models.settings.training_choices import BALANCED, NATURAL

_KEPT_EPOCHS = 2
"""Orders that are kept: a batch may have the end of one epoch and the beginning of the next."""

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.integer[Any]]


class ClipSampler:
    """Draws the examples of each epoch.

    An epoch has ``min(k, frames)`` frames of each clip, with k = ``train.frames_per_clip``. Each
    clip's frames have a random order, fixed by the seed. An epoch takes the next k of them, and
    after the last the first again. So two epochs in a row share frames only where a clip has fewer
    than 2 k, and all frames of a clip are drawn equally often.

    With ``train.sampling`` other than natural an epoch is as long, but the examples of each mood
    have a share of it, and a mood's own rounds over its clips run on from epoch to epoch: of two
    of its clips neither is ever more than one round ahead.

    Attributes:
      epoch_examples: examples of an epoch.
      label_counts: examples of each mood in an epoch. Where a clip has several moods they are a
        mean, rounded.
    """

    def __init__(
        self,
        clips: Numbers,
        label_indices: Numbers,
        num_classes: int,
        *,
        frames_per_clip: int = 0,
        sampling: str = NATURAL,
        seed: int = 0,
    ) -> None:
        """Creates the sampler.

        Args:
          clips: int[n], number of each example's clip; n >= 1.
          label_indices: int[n], in 0..num_classes-1.
          num_classes: moods in the label map.
          frames_per_clip: k; 0 is all frames.
          sampling: ``TrainSettings.sampling``.
          seed: of the orders, >= 0.
        """
        self._seed = seed
        one_stratum = _Stratum(np.arange(len(clips)), clips, frames_per_clip, [seed, 0])
        self.epoch_examples = one_stratum.round_size
        if sampling == NATURAL:
            self._strata = [one_stratum]
            self._quotas: Ints = np.array([self.epoch_examples])
            self.label_counts = one_stratum.label_counts(label_indices, num_classes)
        else:
            moods = np.unique(label_indices)
            self._strata = [
                _Stratum(
                    np.flatnonzero(label_indices == mood), clips, frames_per_clip, [seed, 1 + mood]
                )
                for mood in moods.tolist()
            ]
            sizes = np.array([stratum.round_size for stratum in self._strata], float)
            shares = np.ones_like(sizes) if sampling == BALANCED else np.sqrt(sizes)
            self._quotas = _quotas(shares, self.epoch_examples)
            self.label_counts = [0] * num_classes
            for mood, quota in zip(moods.tolist(), self._quotas.tolist(), strict=True):
                self.label_counts[mood] = quota
        self._lock = threading.Lock()
        self._orders: collections.OrderedDict[int, Ints] = collections.OrderedDict()

    @classmethod
    def of_settings(
        cls,
        clips: Numbers,
        label_indices: Numbers,
        num_classes: int,
        settings: TrainSettings,
    ) -> "ClipSampler":
        """Returns the training's sampler."""
        return cls(
            clips,
            label_indices,
            num_classes,
            frames_per_clip=settings.frames_per_clip,
            sampling=settings.sampling,
            seed=settings.seed,
        )

    def epoch(self, number: int) -> Ints:
        """Returns the examples of an epoch in the order of the stream, int64[epoch_examples]."""
        with self._lock:
            if number not in self._orders:
                self._orders[number] = self._drawn(number)
                if len(self._orders) > _KEPT_EPOCHS:
                    self._orders.popitem(last=False)
            self._orders.move_to_end(number)
            return self._orders[number]

    def examples(self, first: int, count: int) -> Ints:
        """Returns the examples at ``count`` positions of the endless stream, int64[count].

        Args:
          first: first position, >= 0.
          count: positions.
        """
        parts = []
        while count:
            number, begin = divmod(first, self.epoch_examples)
            parts.append(self.epoch(number)[begin : begin + count])
            first += len(parts[-1])
            count -= len(parts[-1])
        return np.concatenate(parts)

    def _drawn(self, number: int) -> Ints:
        drawn = np.concatenate(
            [
                stratum.examples(number * quota, quota)
                for stratum, quota in zip(self._strata, self._quotas.tolist(), strict=True)
            ]
        )
        return np.random.default_rng([self._seed, number]).permutation(drawn)


def validation_examples(clips: Numbers, frames_per_clip: int, seed: int) -> Ints:
    """Returns ``min(frames_per_clip, frames)`` examples of each clip, always the same, in order.

    Args:
      clips: int[n], number of each example's clip; n >= 1.
      frames_per_clip: at least 1.
      seed: of the choice, >= 0.
    """
    zeros = np.zeros(len(clips), np.int64)
    sampler = ClipSampler(clips, zeros, 1, frames_per_clip=frames_per_clip, seed=seed)
    return np.sort(sampler.epoch(0))


class _Stratum:
    """Examples that are drawn in rounds over their clips; a round has k frames of each clip."""

    def __init__(
        self,
        members: Ints,
        clips: Numbers,
        frames_per_clip: int,
        seed: Sequence[int],
    ) -> None:
        self._seed = list(seed)
        # A random order in which the frames of each clip are together.
        shuffled = np.random.default_rng([*self._seed, 0]).permutation(members)
        self._members = shuffled[np.argsort(clips[shuffled], kind="stable")]
        _, self._begins, self._sizes = np.unique(
            clips[self._members], return_index=True, return_counts=True
        )
        self._taken = np.minimum(self._sizes, frames_per_clip or len(members))
        self.round_size = int(self._taken.sum())

    def label_counts(self, label_indices: Numbers, num_classes: int) -> list[int]:
        """Returns the mean examples of each mood in a round, rounded."""
        shares = np.repeat(self._taken / self._sizes, self._sizes)
        counts = np.bincount(label_indices[self._members], shares, num_classes)
        rounded: list[int] = np.rint(counts).astype(int).tolist()
        return rounded

    def examples(self, first: int, count: int) -> Ints:
        """Returns the examples at positions of the stratum's endless stream, int64[count]."""
        parts = [np.zeros([0], np.int64)]
        while count:
            number, begin = divmod(first, self.round_size)
            parts.append(self._round(number)[begin : begin + count])
            first += len(parts[-1])
            count -= len(parts[-1])
        return np.concatenate(parts)

    def _round(self, number: int) -> Ints:
        clip = np.repeat(np.arange(len(self._taken)), self._taken)
        ends = np.cumsum(self._taken)
        within = np.arange(self.round_size) - (ends - self._taken)[clip]
        turn = (number * self._taken[clip] + within) % self._sizes[clip]
        chosen = self._members[self._begins[clip] + turn]
        return np.random.default_rng([*self._seed, 1 + number]).permutation(chosen)


def _quotas(shares: npt.NDArray[np.float64], total: int) -> Ints:
    """Returns whole numbers in these proportions that add up to ``total``."""
    ends = np.rint(np.cumsum(shares) / shares.sum() * total).astype(np.int64)
    return np.diff(ends, prepend=0)
