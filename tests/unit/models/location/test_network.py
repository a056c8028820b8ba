"""The locator's network: the side of its map, and what of it learns."""

import pytest

from models.location import network, training
from models.settings.network import NONE

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("stages", "cells"), [(3, 8), (4, 4), (6, 4)])
def test_a_map_has_a_cell_for_each_8_or_16_pixels(stages: int, cells: int) -> None:
    model = network.build(64, NONE, stages)
    assert model.output_shape == (None, cells, cells, network.CHANNELS)
    assert network.cells(64, stages) == cells


def test_first_layers_stay_where_the_network_goes_beyond_them() -> None:
    deep, shallow = (network.build(64, NONE, stages) for stages in (4, 3))
    every = len(shallow.trainable_variables)
    for model in (deep, shallow):
        training.freeze_first_layers(model)
    assert not deep.get_layer("block3b_expand_conv").trainable
    assert deep.get_layer(network.STARTS_TO_LEARN).trainable
    assert len(shallow.trainable_variables) == every
