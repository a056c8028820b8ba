"""A machine with planted faults, and what is found of them."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from runner.doctor.finding import Finding
from runner.doctor.machine import Machine

SOUND = Machine(
    system="Linux", architecture="x86_64", libc=("glibc", "2.36"), python=(3, 10), environment={}
)


def bad(findings: Iterable[Finding], state: str = "fault") -> list[Finding]:
    """Returns the findings of a state."""
    return [finding for finding in findings if finding.state == state]


def only(findings: Iterable[Finding], state: str = "fault") -> Finding:
    """Returns the one finding of a state, which names a remedy."""
    (finding,) = bad(findings, state)
    assert finding.remedy
    return finding


def planted(root: Path, **files: str) -> Machine:
    """Returns a machine whose system files are these; "__" in a name stands for "/"."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return replace(SOUND, root=root)
