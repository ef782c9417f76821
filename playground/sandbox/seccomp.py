"""The list of system calls that a program may make; all others fail. Runs in the sandbox's own processes.

    install(os.getpid())

What is missing from the list is the point: no socket, no second process, no signal to anybody else, no tracing, no
mounting, no change of rights. A call that the list does not know fails with "Operation not permitted"; a newer one
with "not implemented", so that the C library falls back to an older one.
Source: the kernel's documentation, userspace-api/seccomp_filter.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from playground.sandbox.syscalls import PR_SET_SECCOMP, column, prctl

ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "preadv": (295, 69),
    "pwritev": (296, 70),
    "preadv2": (327, 286),
    "pwritev2": (328, 287),
    "lseek": (8, 62),
    "close": (3, 57),
    "close_range": (436, 436),
    "creat": (85, None),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "stat": (4, None),
    "lstat": (6, None),
    "statx": (332, 291),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "fchdir": (81, 50),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "pipe": (22, None),
    "pipe2": (293, 59),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "epoll_create": (213, None),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    "epoll_pwait2": (441, 441),
    "eventfd2": (290, 19),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "flock": (73, 32),
    "ftruncate": (77, 46),
    "fallocate": (285, 47),
    "fadvise64": (221, 223),
    "sendfile": (40, 71),
    "copy_file_range": (326, 285),
    "fstatfs": (138, 44),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "msync": (26, 227),
    "brk": (12, 214),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getitimer": (36, 102),
    "setitimer": (38, 103),
    "alarm": (37, None),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getcpu": (309, 168),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getgroups": (115, 158),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getpgrp": (111, None),
    "getpgid": (121, 155),
    "getsid": (124, 156),
    "umask": (95, 166),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "get_robust_list": (274, 100),
    "rseq": (334, 293),
    "set_tid_address": (218, 96),
    "getrandom": (318, 278),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "membarrier": (324, 283),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137),
    "rt_sigsuspend": (130, 133),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "pause": (34, None),
    "wait4": (61, 260),
    "waitid": (247, 95),
    "recvfrom": (45, 207),
    "sendto": (44, 206),
    "shutdown": (48, 210),
    "getsockopt": (55, 209),
    "getsockname": (51, 204),
    "getpeername": (52, 205),
}
"""Name → its number on x86-64 and on arm64, where it exists."""

OPEN, OPENAT = (2, None), (257, 56)
CLONE, CLONE3 = (56, 220), (435, 435)
FCNTL, IOCTL, PRCTL, PRLIMIT = (72, 25), (16, 29), (157, 167), (302, 261)
SOCKETPAIR, KILL, TGKILL = (53, 199), (62, 129), (234, 131)

_ARCHITECTURES = (0xC000003E, 0xC00000B7)
_FIRST_NEW = 424
"""From here the numbers are the same on all machines and belong to calls younger than 2019."""

_LOAD, _AND, _EQUAL, _GREATER_EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

_CLONE_THREAD = 0x10000
_CLONE_NAMESPACES = 0x7E020000
_FCNTL_COMMANDS = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    1030,
)  # duplicate, flags and locks; no owner, for that sends signals
_IOCTL_COMMANDS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # ask a terminal, bytes waiting, two flags
_PRCTL_OPTIONS = (15, 16, 0x53564D41)  # names of threads and of memory
_AF_UNIX, _SOCK_STREAM, _SOCK_KIND = 1, 1, 0xF

Instruction = tuple[int, int, int, int]


def program(pid: int, machine: int) -> list[Instruction]:
    """The filter for the process with that number, as (code, jump if so, jump if not, value)."""
    lines: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]

    def when(numbers: tuple[int | None, int | None], *body: Instruction) -> None:
        number = numbers[machine]
        if number is not None:
            lines.append((_EQUAL, 0, len(body), number))
            lines.extend(body)

    def one_of(argument: int, values: tuple[int, ...], *, mask: int = 0xFFFFFFFF) -> list[Instruction]:
        """Allow the call when the low half of an argument is one of these, else refuse it."""
        body: list[Instruction] = [(_LOAD, 0, 0, _ARGUMENTS + 8 * argument)]
        body += [(_AND, 0, 0, mask)] if mask != 0xFFFFFFFF else []
        for place, value in enumerate(values):
            body.append((_EQUAL, len(values) - place, 0, value))
        return [*body, _refuse(errno.EPERM), (_RETURN, 0, 0, _ALLOW)]

    for numbers in ALLOWED.values():
        when(numbers, (_RETURN, 0, 0, _ALLOW))
    # Older Landlocks do not see a file emptied by who opens it only for reading.
    emptied = os.O_TRUNC | os.O_ACCMODE
    for numbers, argument in ((OPEN, 1), (OPENAT, 2)):
        flags: Instruction = (_LOAD, 0, 0, _ARGUMENTS + 8 * argument)
        masked: Instruction = (_AND, 0, 0, emptied)
        when(
            numbers, flags, masked, (_EQUAL, 0, 1, os.O_TRUNC), _refuse(errno.EPERM), (_RETURN, 0, 0, _ALLOW)
        )
    when(CLONE, *one_of(0, (_CLONE_THREAD,), mask=_CLONE_THREAD | _CLONE_NAMESPACES))
    when(CLONE3, _refuse(errno.ENOSYS))  # its flags stand where a filter cannot look
    when(FCNTL, *one_of(1, _FCNTL_COMMANDS))
    when(IOCTL, *one_of(1, _IOCTL_COMMANDS))
    when(PRCTL, *one_of(0, _PRCTL_OPTIONS))
    when(KILL, *one_of(0, (pid,)))
    when(TGKILL, *one_of(0, (pid,)))
    # Asking for a limit carries no new one: both halves of that pointer are nothing.
    new_limit = _ARGUMENTS + 8 * 2
    high_half: list[Instruction] = [(_LOAD, 0, 0, new_limit + 4), (_EQUAL, 1, 0, 0), _refuse(errno.EPERM)]
    when(PRLIMIT, *high_half, *one_of(2, (0,)))
    # A pair of connected sockets is how asyncio wakes itself; it leads nowhere else.
    family: list[Instruction] = [(_LOAD, 0, 0, _ARGUMENTS), (_EQUAL, 1, 0, _AF_UNIX), _refuse(errno.EPERM)]
    when(SOCKETPAIR, *family, *one_of(1, (_SOCK_STREAM,), mask=_SOCK_KIND))
    return [*lines, (_GREATER_EQUAL, 0, 1, _FIRST_NEW), _refuse(errno.ENOSYS), _refuse(errno.EPERM)]


def _refuse(error: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | error)


def install(pid: int) -> None:
    """Hold the calling process, which has that number, to the list for good; raises OSError."""
    lines = program(pid, column())
    packed = b"".join(struct.pack("=HBBI", *line) for line in lines)
    memory = ctypes.create_string_buffer(packed, len(packed))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(memory)))
    prctl(PR_SET_SECCOMP, 2, ctypes.byref(head))
