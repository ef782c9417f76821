"""The filter of system calls, interpreted as the kernel would, for both kinds of machines."""

from __future__ import annotations

import errno
import os
import struct

import pytest

from playground.sandbox.seccomp import ALLOWED, Instruction, program

X86, ARM = 0, 1
AUDIT = (0xC000003E, 0xC00000B7)
PID = 4711
THREAD, NEW_USER = 0x10000, 0x10000000
OK, DENIED, UNKNOWN, DEAD = "ok", "denied", "unknown", "dead"


def verdict(machine: int, number: int, *arguments: int, lines: list[Instruction] | None = None) -> str:
    """What the filter says of one call."""
    lines = program(PID, machine) if lines is None else lines
    data = struct.pack("=iIQ6Q", number, AUDIT[machine], 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    place = accumulator = 0
    while True:
        code, so, not_so, value = lines[place]
        place += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == 0x54:
            accumulator &= value
        elif code == 0x15:
            place += so if accumulator == value else not_so
        elif code == 0x35:
            place += so if accumulator >= value else not_so
        else:
            assert code == 0x06
            meanings = {
                0x7FFF0000: OK,
                0x80000000: DEAD,
                0x50000 | errno.EPERM: DENIED,
                0x50000 | errno.ENOSYS: UNKNOWN,
            }
            return meanings[value]


CALLS = {
    "read": ((0, 63), (), OK),
    "socket": ((41, 198), (2, 1), DENIED),
    "connect": ((42, 203), (), DENIED),
    "bind": ((49, 200), (), DENIED),
    "a stream pair": ((53, 199), (1, 1 | 0o2000000), OK),
    "a datagram pair": ((53, 199), (1, 2), DENIED),
    "a pair of another family": ((53, 199), (16, 1), DENIED),
    "fork": ((57, None), (), DENIED),
    "vfork": ((58, None), (), DENIED),
    "a process": ((56, 220), (17,), DENIED),
    "a thread": ((56, 220), (0x3D0F00,), OK),
    "a thread with a namespace": ((56, 220), (THREAD | NEW_USER,), DENIED),
    "a process by the new call": ((435, 435), (), UNKNOWN),
    "execve": ((59, 221), (), DENIED),
    "execveat": ((322, 281), (), DENIED),
    "a signal to itself": ((62, 129), (PID, 9), OK),
    "a signal to another": ((62, 129), (PID + 1, 9), DENIED),
    "a signal to all": ((62, 129), (2**64 - 1, 9), DENIED),
    "a signal to the group": ((62, 129), (0, 9), DENIED),
    "a signal to a thread of another": ((234, 131), (PID + 1, PID + 1, 9), DENIED),
    "tkill": ((200, 130), (PID, 9), DENIED),
    "ptrace": ((101, 117), (), DENIED),
    "mount": ((165, 40), (), DENIED),
    "unshare": ((272, 97), (NEW_USER,), DENIED),
    "setns": ((308, 268), (), DENIED),
    "setsid": ((112, 157), (), DENIED),
    "chmod": ((268, 53), (), DENIED),
    "chown": ((260, 54), (), DENIED),
    "opening": ((257, 56), (0, 0, os.O_RDONLY | os.O_CLOEXEC), OK),
    "opening to write": ((257, 56), (0, 0, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), OK),
    "emptying by reading": ((257, 56), (0, 0, os.O_RDONLY | os.O_TRUNC), DENIED),
    "asking for a limit": ((302, 261), (0, 7, 0, 1), OK),
    "setting a limit": ((302, 261), (0, 7, 0x1000), DENIED),
    "setting a limit from high memory": ((302, 261), (0, 7, 0x7F0000000000), DENIED),
    "duplicating": ((72, 25), (3, 1030), OK),
    "having signals sent": ((72, 25), (3, 8, 1), DENIED),
    "naming a thread": ((157, 167), (15,), OK),
    "its death signal": ((157, 167), (1, 0), DENIED),
    "asking a terminal": ((16, 29), (1, 0x5401), OK),
    "typing for a terminal": ((16, 29), (1, 0x5412), DENIED),
    "io_uring": ((425, 425), (), UNKNOWN),
    "pidfd_open": ((434, 434), (), UNKNOWN),
    "landlock": ((446, 446), (), UNKNOWN),
    "bpf": ((321, 280), (), DENIED),
    "a call of the year 2030": ((999, 999), (), UNKNOWN),
    "a call of 32 bits in disguise": ((0x40000001, 0x40000001), (), UNKNOWN),
}


@pytest.mark.parametrize("machine", [X86, ARM])
@pytest.mark.parametrize("name", CALLS)
def test_a_system_call_is_let_through_or_not(name: str, machine: int) -> None:
    numbers, arguments, expected = CALLS[name]
    number = numbers[machine]
    if number is not None:
        assert verdict(machine, number, *arguments) == expected


@pytest.mark.parametrize("machine", [X86, ARM])
def test_only_what_is_listed_is_let_through_whatever_it_is_given(machine: int) -> None:
    lines = program(PID, machine)
    through = {number for number in range(600) if verdict(machine, number, lines=lines) == OK}
    listed = {numbers[machine] for numbers in ALLOWED.values()} - {None}
    by_argument = {2, 257, 72, 302} if machine == X86 else {56, 25, 261}
    assert through - listed == by_argument


def test_a_call_of_another_machine_ends_the_program() -> None:
    assert verdict(X86, 0, lines=program(PID, ARM)) == DEAD


@pytest.mark.parametrize("machine", [X86, ARM])
def test_the_filter_is_one_that_the_kernel_takes(machine: int) -> None:
    lines = program(PID, machine)
    assert len(lines) <= 4096
    assert all(0 <= so < 256 and 0 <= not_so < 256 and 0 <= value < 2**32 for _, so, not_so, value in lines)
