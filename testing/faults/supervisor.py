"""Runs a function in a process of its own whose changes of files are watched, and made to fail.

The kernel hands each system call of the process to this one before it does it (seccomp's user
notification, Linux 5.5, https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html).
So writes of C++ (TensorFlow, Arrow) are seen like those of Python, in all threads and children,
without a compiler, a tracer or a privilege.
"""

import array
import contextlib
import ctypes
import errno
import fcntl
import gc
import os
import platform
import select
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from testing.faults.calls import (
    CALLS,
    NEED_SPACE,
    WRITE_FLAGS,
    Change,
    Kind,
    change_of,
    read_memory,
)

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_SECCOMP, _PIDFD_OPEN, _PIDFD_GETFD = 317, 434, 438
_SET_MODE_FILTER, _NEW_LISTENER, _CONTINUE = 1, 8, 1
_AUDIT_ARCH_X86_64 = 0xC000003E
_RETURN_ALLOW, _RETURN_NOTIFY = 0x7FFF0000, 0x7FC00000
_NOTIFICATION, _RESPONSE = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")
_RECEIVE = (3 << 30) | (_NOTIFICATION.size << 16) | (ord("!") << 8)
_SEND = (3 << 30) | (_RESPONSE.size << 16) | (ord("!") << 8) | 1
_SET_FLAGS, _SYNC_WAKE_UP = (1 << 30) | (8 << 16) | (ord("!") << 8) | 4, 1
_LIMIT_SECONDS = 120.0

KILL = 0
"""In place of an error's number: the process dies in the system call."""


class Fault(NamedTuple):
    """What happens at one change.

    Attributes:
      point: index of the change, from 0.
      error: ``errno.EIO`` once, ``errno.ENOSPC`` from here on, or ``KILL``. A kill within a write
        leaves half of its bytes.
    """

    point: int
    error: int


class Outcome(NamedTuple):
    """How a watched process ended.

    Attributes:
      changes: below the watched folder, in order; the failed ones too.
      status: what ``work`` returned, 1 after an exception, or minus the number of the signal that
        ended the process.
      said: all that the process printed, and the exception's traceback.
    """

    changes: list[Change]
    status: int
    said: str


def why_not() -> str:
    """Returns why processes cannot be watched on this machine, or ""."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "needs Linux on x86-64"
    try:
        outcome = supervised(_open_and_close, Path("/dev"))
    except OSError as error:
        return f"needs the kernel's seccomp user notification (Linux 5.5): {error}"
    return "" if outcome.status == 0 and len(outcome.changes) == 2 else "seccomp sees no calls"


def _open_and_close() -> None:
    os.close(os.open("/dev/null", os.O_WRONLY))


def supervised(work: Callable[[], int | None], root: Path, fault: Fault | None = None) -> Outcome:
    """Runs ``work`` in a forked process and returns how it ended.

    Args:
      work: returns an exit code, None being 0; its exception ends the process with status 1.
      root: absolute path of the folder whose changes count.
      fault: what happens at one of them.

    Raises:
      OSError: the kernel does not allow it.
      TimeoutError: the process took more than two minutes, and was killed.
    """
    ours, theirs = socket.socketpair()
    told = os.memfd_create("told")
    # Otherwise the child's first collection would copy most of this process's memory.
    gc.freeze()
    child = os.fork()
    if not child:
        _run_child(work, theirs, told)
    theirs.close()
    try:
        message = ours.recvmsg(64, socket.CMSG_SPACE(4))
        if not message[1]:
            os.waitpid(child, 0)
            raise OSError(int(message[0] or b"0"), os.strerror(int(message[0] or b"0")))
        listener = array.array("i", message[1][0][2])[0]
        changes = _serve(listener, child, root, fault)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.lseek(told, 0, os.SEEK_SET)
        with open(told, "rb", closefd=False) as file:
            return Outcome(changes, status, file.read().decode("utf-8", "replace"))
    finally:
        ours.close()
        os.close(told)


def _run_child(work: Callable[[], int | None], parent: socket.socket, told: int) -> NoReturn:
    """Has the parent watch this process, does the work and ends."""
    status = 1
    # A call that nobody answers any more would wait for ever.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    try:
        os.dup2(told, 1)
        os.dup2(told, 2)
        try:
            listener = _install_filter()
        except OSError as error:
            parent.sendall(str(error.errno).encode())
            os._exit(1)
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener]))]
        parent.sendmsg([b"0"], ancillary)
        # The parent's alone: only then does it learn that no watched process is left.
        os.close(listener)
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - until the process ends
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
        status = int(work() or 0)
    except BaseException:
        os.write(told, traceback.format_exc().encode("utf-8", "backslashreplace"))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not sys.exit: what the forked parent would do at its end is not this process's.
        os._exit(status)


def _install_filter() -> int:
    """Returns the descriptor from which the calls of this process are read from now on."""
    program = b"".join(_filter_program())
    instructions = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(instructions))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    listener = libc.syscall(_SECCOMP, _SET_MODE_FILTER, _NEW_LISTENER, header)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return int(listener)


def _filter_program() -> Iterator[bytes]:
    """Yields the filter's instructions, in BPF: which calls the parent is asked about."""
    load, equal, any_bit, give = 0x20, 0x15, 0x45, 0x06
    number_at, arch_at, arguments_at = 0, 4, 16

    def instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("HBBI", code, if_true, if_false, value)

    yield instruction(load, arch_at)
    yield instruction(equal, _AUDIT_ARCH_X86_64, 1, 0)
    yield instruction(give, _RETURN_ALLOW)
    for number, call in CALLS.items():
        yield instruction(load, number_at)
        if call.flags is None:
            yield instruction(equal, number, 0, 1)
        else:
            # Opening a file only to read it changes nothing.
            yield instruction(equal, number, 0, 3)
            yield instruction(load, arguments_at + 8 * call.flags)
            yield instruction(any_bit, WRITE_FLAGS, 0, 1)
        yield instruction(give, _RETURN_NOTIFY)
    yield instruction(give, _RETURN_ALLOW)


def _serve(listener: int, child: int, root: Path, fault: Fault | None) -> list[Change]:
    """Answers the child's calls until it has ended; returns its changes below ``root``."""
    changes: list[Change] = []
    deadline = time.monotonic() + _LIMIT_SECONDS
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    # Each waits for the other all the time: hands over at once on a busy machine (Linux 6.6).
    with contextlib.suppress(OSError):
        fcntl.ioctl(listener, _SET_FLAGS, _SYNC_WAKE_UP)
    try:
        while True:
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                raise TimeoutError(f"the process has not ended; its last change: {changes[-1:]}")
            events = poll.poll(1000)
            if not events:
                continue
            if not events[0][1] & select.POLLIN:
                return changes
            buffer = bytearray(_NOTIFICATION.size)
            try:
                fcntl.ioctl(listener, _RECEIVE, buffer)
            except OSError:  # The process has died in between.
                continue
            name, task, _, number, _, _, *arguments = _NOTIFICATION.unpack(buffer)
            change = change_of(number, tuple(arguments), task)
            error = 0
            if change is not None and any(path.is_relative_to(root) for path in change.paths):
                error = _error_for(change, len(changes), fault)
                if fault is not None and fault == (len(changes), KILL):
                    _die_in(change, child, task)
                    changes.append(change)
                    continue
                changes.append(change)
            response = _RESPONSE.pack(name, 0, -error, 0 if error else _CONTINUE)
            try:
                fcntl.ioctl(listener, _SEND, response)
            except OSError:
                continue
    finally:
        os.close(listener)


def _error_for(change: Change, index: int, fault: Fault | None) -> int:
    """Returns the error that the change ends with, or 0."""
    if fault is None or fault.error == KILL:
        return 0
    stays_full = fault.error == errno.ENOSPC and index > fault.point and change.kind in NEED_SPACE
    return fault.error if index == fault.point or stays_full else 0


def _die_in(change: Change, child: int, task: int) -> None:
    """Kills the child, in the middle of its write if it is one."""
    if change.kind is Kind.WRITE and change.data is not None and change.fd is not None:
        address, length = change.data
        half = read_memory(task, address, length // 2)
        libc = ctypes.CDLL(None, use_errno=True)
        process = libc.syscall(_PIDFD_OPEN, child, 0)
        # The same open file as the child's, with its position and flags.
        file = libc.syscall(_PIDFD_GETFD, process, change.fd, 0)
        if process < 0 or file < 0:
            raise OSError(ctypes.get_errno(), "pidfd_getfd")
        os.write(file, half)
        os.close(file)
        os.close(process)
    os.kill(child, signal.SIGKILL)
