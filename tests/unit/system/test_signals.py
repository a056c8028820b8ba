"""SIGTERM as another Ctrl-C."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from system.signals import sigterm_as_interrupt
from testing.paths import ROOT


def test_sigterm_is_an_interrupt_in_the_block_and_what_it_was_after_it() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), sigterm_as_interrupt():
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    assert signal.getsignal(signal.SIGTERM) is before


def test_in_another_thread_nothing_changes() -> None:
    seen: list[object] = []

    def enter() -> None:
        with sigterm_as_interrupt():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_signals_end_a_command_alike(number: signal.Signals) -> None:
    script = f"""
import os, signal, client.inference as inference
from client.predict_request import PredictRequest
def stopped(request):
    os.kill(os.getpid(), {int(number)})
    signal.pause()
inference._predict = stopped
raise SystemExit(inference.run(PredictRequest(pictures=("a",))))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "\nStopped.\n")
