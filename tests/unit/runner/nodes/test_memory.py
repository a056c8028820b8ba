"""The peak of the memory that a step and its processes hold."""

import subprocess
import sys

import numpy as np

from runner.nodes.memory import PeakMemory, sampled

MIB = 2**20


def test_memory_that_was_given_back_still_counts():
    with sampled() as memory:
        before = memory.peak_bytes
        block = np.ones(100 * MIB, np.uint8)
        memory.sample()
        del block
    assert 95 * MIB < memory.peak_bytes - before < 200 * MIB


def test_a_childs_memory_counts_as_well():
    memory = PeakMemory()
    memory.sample()
    before = memory.peak_bytes
    script = f"block = bytearray(100 * {MIB}); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == b"held\n"
        memory.sample()
        child.communicate(b"\n")
    assert 95 * MIB < memory.peak_bytes - before < 200 * MIB
