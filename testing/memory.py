"""Memory of this process, with a peak that can be measured again and again (Linux, proc(5))."""

from pathlib import Path


def resident_mb() -> float:
    """Returns the resident memory, MiB."""
    return _status_mb("VmRSS")


def peak_mb() -> float:
    """Returns the most resident memory since ``forget_peak``, MiB."""
    return _status_mb("VmHWM")


def forget_peak() -> None:
    """Lets the peak begin at the present memory."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def _status_mb(name: str) -> float:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return int(kilobytes) / 1024
