"""Programs that want out, each with what it is and how it may end.

A program prints ESCAPED when it has got what it must not get. Names in the code stand for what the test has laid out:
SECRET and DATABASE (files), OUTSIDE (a folder), TCP and UDP (ports of this machine), UNIX (a socket's path), VICTIM and
PARENT (process numbers). LIBC begins a program that goes around Python.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from playground.sandbox.limits import Limits

QUICK = Limits(cpu_s=4, wall_s=8, disk_mb=4, files=100)
SHORT = Limits(cpu_s=4, wall_s=0.5, disk_mb=4, files=100)
BRIEF = SHORT._replace(wall_s=0.25)
"""For what computes until it is ended."""
ONE_SECOND = Limits(cpu_s=1, wall_s=8)

LIBC = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"


@dataclass(frozen=True)
class Hostile:
    """One program; `endings` are those that a contained one may have, `says` must stand in its reason or streams."""

    name: str
    code: str
    endings: tuple[str, ...] = ("failed",)
    says: str = ""
    limits: Limits = QUICK
    weak_says: str = field(default="")
    """Where only Python refuses, what it says instead."""


BELOW = "reach below Python"
NO_CTYPES = "does not let a program import"

FILES = [
    Hostile("reads_the_users", "print('ESCAPED', open('/etc/passwd').read())", says="read /etc/passwd"),
    Hostile(
        "reads_the_database",
        "print('ESCAPED', open(DATABASE,'rb').read())",
        says="does not let a program read",
    ),
    Hostile(
        "reads_the_database_as_a_database",
        "import sqlite3\nprint('ESCAPED', sqlite3.connect(DATABASE).execute('select * from secret').fetchall())",
        says="does not let a program",
    ),
    Hostile(
        "attaches_the_database",
        "import sqlite3\nc = sqlite3.connect('own.db')\nc.execute('attach ? as x', (DATABASE,))\n"
        "print('ESCAPED', c.execute('select * from x.secret').fetchall())",
        says="Error",
    ),
    Hostile(
        "reads_by_os", "import os\nprint('ESCAPED', os.read(os.open(SECRET, os.O_RDONLY), 99))", says="read"
    ),
    Hostile(
        "reads_by_bytes", "print('ESCAPED', open(SECRET.encode()).read())", says="does not let a program read"
    ),
    Hostile(
        "reads_by_io",
        "import io\nprint('ESCAPED', io.FileIO(SECRET).read())",
        says="does not let a program read",
    ),
    Hostile(
        "reads_by_pathlib", "import pathlib\nprint('ESCAPED', pathlib.Path(SECRET).read_text())", says="read"
    ),
    Hostile(
        "reads_by_linecache",
        "import linecache\nprint('ESCAPED' if linecache.getlines(SECRET) else 'no')",
        ("done", "failed"),
    ),
    Hostile("reads_up_and_down", "print('ESCAPED', open('../../../../../..' + SECRET).read())", says="read"),
    Hostile(
        "reads_by_a_lying_name",
        "class Name(str):\n    def startswith(self, *a): return True\n    def split(self, *a): return []\n"
        "print('ESCAPED', open(Name(SECRET)).read())",
        says="read",
    ),
    Hostile(
        "reads_by_a_changing_name",
        "import os\nclass Name:\n    n = 0\n    def __fspath__(self):\n        Name.n += 1\n        return 'x' if Name.n == 1 else SECRET\n"
        "open('x', 'w').close()\nprint('ESCAPED' if 'secret' in open(Name()).read() else open(Name()).read())",
        says="read",
    ),
    Hostile(
        "reads_by_the_c_library",
        LIBC
        + "fd = libc.open(SECRET.encode(), 0)\nprint('ESCAPED' if fd >= 0 else 'errno', ctypes.get_errno())",
        ("done",),
        says="errno",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "maps_the_database",
        "import mmap\nf = open(DATABASE, 'r+b')\nprint('ESCAPED', mmap.mmap(f.fileno(), 0)[:])",
        says="write",
    ),
    Hostile(
        "lists_the_root", "import os\nprint('ESCAPED', os.listdir('/'))", says="does not let a program read /"
    ),
    Hostile(
        "walks_up",
        "import os\nos.chdir('..')\nprint('ESCAPED', os.listdir('.'))",
        says="does not let a program",
    ),
    Hostile(
        "lists_by_the_c_library",
        LIBC + "libc.opendir.restype = ctypes.c_void_p\nlibc.readdir.restype = ctypes.c_void_p\n"
        "d = libc.opendir(os.path.dirname(SECRET).encode())\nprint('ESCAPED' if d else 'errno', ctypes.get_errno())",
        ("done",),
        says="errno",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "follows_a_symlink",
        "import os\nos.symlink(SECRET, 'x')\nprint('ESCAPED', open('x').read())",
        says="links",
    ),
    Hostile(
        "makes_a_symlink_natively",
        LIBC
        + "r = libc.symlink(SECRET.encode(), b'x')\nfd = libc.open(b'x', 0)\nprint('ESCAPED' if fd >= 0 else 'contained', r)",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "follows_a_hard_link",
        "import os\nos.link(SECRET, 'x')\nprint('ESCAPED', open('x').read())",
        says="links",
    ),
    Hostile(
        "makes_a_hard_link_natively",
        LIBC + "r = libc.link(SECRET.encode(), b'x')\nprint('ESCAPED' if r == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "writes_outside", "open(OUTSIDE + '/x', 'w').write('ESCAPED')", says="does not let a program write"
    ),
    Hostile("appends_outside", "open(SECRET, 'a').write('ESCAPED')", says="does not let a program write"),
    Hostile("empties_a_file", "import os\nos.truncate(SECRET, 0)", says="does not let a program write"),
    Hostile(
        "empties_by_opening",
        LIBC + "fd = libc.open(SECRET.encode(), 0o1000)\nprint('ESCAPED' if fd >= 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "empties_a_library",
        LIBC + "fd = libc.open(os.__file__.encode(), 0o1000)\nprint('ESCAPED' if fd >= 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "writes_a_library", "import os\nopen(os.__file__, 'a').write('#')\nprint('ESCAPED')", says="write"
    ),
    Hostile(
        "writes_a_library_natively",
        LIBC + "fd = libc.open(os.__file__.encode(), 1)\nprint('ESCAPED' if fd >= 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile("deletes_outside", "import os\nos.remove(SECRET)", says="does not let a program write"),
    Hostile("deletes_a_tree", "import shutil\nshutil.rmtree(OUTSIDE)", says="Error"),
    Hostile(
        "moves_out", "import os\nopen('x', 'w').write('y')\nos.rename('x', OUTSIDE + '/x')", says="write"
    ),
    Hostile(
        "moves_in", "import os\nos.replace(SECRET, 'x')\nprint('ESCAPED', open('x').read())", says="write"
    ),
    Hostile(
        "moves_natively",
        LIBC + "r = libc.rename(SECRET.encode(), b'x')\nprint('ESCAPED' if r == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile("changes_rights", "import os\nos.chmod(SECRET, 0o777)", says="rights"),
    Hostile(
        "changes_rights_natively",
        LIBC + "r = libc.chmod(SECRET.encode(), 0o777)\nprint('ESCAPED' if r == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile("changes_times", "import os\nos.utime(SECRET, (1, 1))", says="rights"),
    Hostile(
        "changes_root",
        "import os\nos.chroot('/')\nprint('ESCAPED')",
        says="not permitted",
        weak_says="use this function",
    ),
    Hostile(
        "changes_root_natively",
        LIBC + "print('ESCAPED' if libc.chroot(b'.') == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "mounts",
        LIBC + "print('ESCAPED' if libc.mount(b'none', b'.', b'tmpfs', 0, None) == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "makes_a_device",
        "import os\nos.mknod('disk', 0o60600, os.makedev(254, 0))\nprint('ESCAPED')",
        says="not permitted",
        weak_says="use this function",
    ),
    Hostile(
        "makes_a_device_natively",
        LIBC + "print('ESCAPED' if libc.mknod(b'disk', 0o60600, 254 << 8) == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "reads_the_disk",
        "print('ESCAPED', open('/dev/vda', 'rb').read(9))",
        says="does not let a program read",
    ),
    Hostile(
        "reads_the_memory",
        "print('ESCAPED', open('/dev/mem', 'rb').read(9))",
        says="does not let a program read",
    ),
    Hostile(
        "reads_by_handle",
        LIBC + "print('ESCAPED' if libc.syscall(304, -100, b'', 0) >= 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
]

ENVIRONMENT = [
    Hostile(
        "reads_the_environment",
        "import os\nprint('ESCAPED' if 'SANDBOX_CANARY' in os.environ or len(os.environ) > 8 else 'nothing')",
        ("done",),
        says="nothing",
    ),
    Hostile(
        "reads_the_environment_natively",
        LIBC
        + "libc.getenv.restype = ctypes.c_char_p\nprint('ESCAPED' if libc.getenv(b'SANDBOX_CANARY') else 'nothing')",
        ("done",),
        says="nothing",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "reads_the_parents_environment",
        "print('ESCAPED', open(f'/proc/{PARENT}/environ').read())",
        says="does not let a program read /proc",
    ),
    Hostile(
        "reads_the_keepers_environment",
        "import os\nprint('ESCAPED', open(f'/proc/{os.getppid()}/environ').read())",
        says="does not let a program read /proc",
    ),
    Hostile(
        "reads_the_parents_memory",
        LIBC
        + "fd = libc.open(f'/proc/{PARENT}/mem'.encode(), 0)\nprint('ESCAPED' if fd >= 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "enters_the_parents_folder",
        LIBC
        + "fd = libc.open(f'/proc/{PARENT}/cwd'.encode(), 0)\nprint('ESCAPED' if fd >= 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "looks_at_the_parents_root",
        "import os\nprint('ESCAPED', os.listdir(f'/proc/{PARENT}/root'))",
        says="does not let a program read /proc",
    ),
    Hostile(
        "uses_inherited_descriptors",
        "import os\nfound = []\nfor n in range(3, 300):\n    try:\n        os.fstat(n)\n        found.append(n)\n"
        "    except OSError:\n        pass\nprint('ESCAPED' if found else 'none', found)",
        ("done",),
        says="none",
    ),
    Hostile(
        "reads_its_input",
        "import sys\nprint('nothing' if sys.stdin.read() == '' else 'ESCAPED')",
        ("done",),
        says="nothing",
    ),
    Hostile("asks", "input('Your password: ')", says="EOFError"),
    Hostile(
        "imports_the_playground",
        "import playground.settings\nprint('ESCAPED')",
        says="No module named 'playground'",
    ),
    Hostile(
        "finds_the_playground_in_memory",
        "import sys\nprint('ESCAPED' if [m for m in sys.modules if 'playground' in m] or any('wt' in p for p in sys.path) else 'nothing')",
        ("done",),
        says="nothing",
    ),
    Hostile(
        "imports_installed_packages", "import pydantic\nprint('ESCAPED')", says="No module named 'pydantic'"
    ),
    Hostile(
        "leads_imports_astray",
        "import sys\nsys.path.insert(0, OUTSIDE)\nimport bait\nprint('ESCAPED')",
        says="bait",
    ),
]

NETWORK = [
    Hostile(
        "opens_a_tcp_connection",
        "import socket\nsocket.create_connection(('127.0.0.1', TCP), 1).send(b'x')\nprint('ESCAPED')",
        says="use the network",
    ),
    Hostile(
        "sends_udp",
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.sendto(b'x', ('127.0.0.1', UDP))\nprint('ESCAPED')",
        says="use the network",
    ),
    Hostile(
        "listens",
        "import socket\nsocket.create_server(('127.0.0.1', 0))\nprint('ESCAPED')",
        says="use the network",
    ),
    Hostile(
        "uses_a_unix_socket",
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect(UNIX)\ns.send(b'x')\nprint('ESCAPED')",
        says="Error",
    ),
    Hostile(
        "resolves_a_name",
        "import socket\nprint('ESCAPED', socket.getaddrinfo('example.com', 80))",
        says="use the network",
    ),
    Hostile(
        "fetches_a_page",
        "import urllib.request\nurllib.request.urlopen(f'http://127.0.0.1:{TCP}/', timeout=1)",
        says="network",
    ),
    Hostile(
        "makes_a_raw_socket",
        "import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW)\nprint('ESCAPED')",
        says="use the network",
    ),
    Hostile(
        "connects_natively",
        LIBC
        + "import struct\ns = libc.socket(2, 1, 0)\na = struct.pack('=H', 2) + struct.pack('!HI', TCP, 0x7f000001) + bytes(8)\n"
        "r = libc.connect(s, a, 16)\nif r == 0: libc.send(s, b'x', 1, 0)\nprint('ESCAPED' if r == 0 else 'contained', s)",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "connects_to_a_unix_socket_natively",
        LIBC + "s = libc.socket(1, 1, 0)\na = b'\\x01\\x00' + UNIX.encode() + b'\\0'\n"
        "r = libc.connect(s, a, len(a))\nprint('ESCAPED' if r == 0 else 'contained', s)",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "sends_from_a_pair",
        LIBC
        + "p = (ctypes.c_int * 2)()\nr = libc.socketpair(1, 2, 0, p)\na = b'\\x01\\x00' + UNIX.encode() + b'\\0'\n"
        "print('ESCAPED' if r == 0 and libc.sendto(p[0], b'x', 1, 0, a, len(a)) > 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "talks_to_the_kernel",
        LIBC + "print('ESCAPED' if libc.socket(16, 3, 0) >= 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "goes_by_io_uring",
        LIBC
        + "print('ESCAPED' if libc.syscall(425, 8, ctypes.create_string_buffer(120)) >= 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
]

PROCESSES = [
    Hostile(
        "starts_a_shell", "import os\nos.system('echo ESCAPED')\nprint('next')", says="start another one"
    ),
    Hostile(
        "becomes_a_shell",
        "import os\nos.execv('/bin/sh', ['sh', '-c', 'echo ESCAPED'])",
        says="start another one",
    ),
    Hostile(
        "becomes_a_shell_natively",
        LIBC
        + "a = (ctypes.c_char_p * 4)(b'sh', b'-c', b'echo ESCAPED', None)\nlibc.execv(b'/bin/sh', a)\nprint('contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "runs_a_program",
        "import subprocess\nprint('ESCAPED', subprocess.check_output(['id']))",
        says="start another one",
    ),
    Hostile(
        "runs_by_the_back_door",
        "import _posixsubprocess as p, os\np.fork_exec([b'/bin/sh', b'-c', b'echo ESCAPED'], [b'/bin/sh'], True, (), None, None, -1, -1, "
        "-1, -1, -1, -1, -1, -1, False, False, 0, None, None, None, -1, None, False)",
        ("failed", "done"),
    ),
    Hostile(
        "spawns",
        "import os\nos.posix_spawn('/bin/sh', ['sh', '-c', 'echo ESCAPED'], {})",
        says="start another one",
    ),
    Hostile("forks", "import os\nos.fork()\nprint('ESCAPED')", says="start another one"),
    Hostile(
        "forks_natively",
        LIBC + "r = libc.fork()\nprint('ESCAPED' if r >= 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "forks_by_a_system_call",
        LIBC
        + "r = [libc.syscall(n, 0, 0, 0, 0, 0) for n in (57, 58, 435)]\nprint('ESCAPED' if max(r) >= 0 else 'contained', r)",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "is_a_fork_bomb",
        "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
        ("time",),
        says="timed out",
        limits=BRIEF,
    ),
    Hostile(
        "is_a_native_fork_bomb",
        LIBC + "while True:\n    libc.fork()",
        ("time",),
        says="timed out",
        limits=BRIEF,
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "is_a_daemon",
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(30)\n        print('ESCAPED')",
        says="start another one",
    ),
    Hostile(
        "leaves_its_session",
        LIBC + "r = libc.setsid()\nprint('contained')\n",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "uses_multiprocessing",
        "import multiprocessing\np = multiprocessing.get_context('fork').Process(target=print, args=('ESCAPED',))\np.start()\np.join()",
        says="does not let a program",
    ),
    Hostile(
        "uses_a_pool",
        "from concurrent.futures import ProcessPoolExecutor\nprint('ESCAPED', list(ProcessPoolExecutor(1).map(str, [1])))",
        ("failed", "time"),
        says="Error",
    ),
    Hostile(
        "stops_the_parent",
        "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nprint('ESCAPED')",
        says="signals",
    ),
    Hostile(
        "stops_the_keeper_natively",
        LIBC + "r = libc.kill(os.getppid(), 9)\nprint('ESCAPED' if r == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "stops_another",
        LIBC + "r = libc.kill(VICTIM, 9)\nprint('ESCAPED' if r == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "stops_everybody", "import os, signal\nos.kill(-1, signal.SIGKILL)\nprint('ESCAPED')", says="signals"
    ),
    Hostile(
        "stops_everybody_natively",
        LIBC + "r = libc.kill(-1, 9)\nprint('ESCAPED' if r == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "stops_its_group", "import os, signal\nos.killpg(0, signal.SIGKILL)\nprint('ESCAPED')", says="signals"
    ),
    Hostile(
        "has_a_signal_sent",
        LIBC
        + "r, w = os.pipe()\nlibc.fcntl(r, 8, VICTIM)\nlibc.fcntl(r, 10, 9)\nlibc.fcntl(r, 4, 0o20000)\nos.write(w, b'x')\nprint('tried')",
        ("done",),
        says="tried",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "traces_the_parent",
        LIBC + "r = libc.ptrace(16, PARENT, 0, 0)\nprint('ESCAPED' if r == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "traces_itself",
        LIBC + "r = libc.ptrace(0, 0, 0, 0)\nprint('ESCAPED' if r == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "makes_namespaces",
        LIBC + "r = libc.unshare(0x10000000)\nprint('ESCAPED' if r == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "becomes_root",
        LIBC
        + "libc.setuid(0); libc.setgroups(0, None); libc.setresuid(0, 0, 0)\nfd = libc.open(b'/etc/shadow', 0)\n"
        "print('ESCAPED' if fd >= 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "changes_its_death_signal",
        LIBC + "r = libc.prctl(1, 0, 0, 0, 0)\nprint('ESCAPED' if r == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "takes_its_walls_down",
        LIBC + "r = libc.prctl(22, 0, 0, 0, 0)\nprint('ESCAPED' if r == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
]

RESOURCES = [
    Hostile(
        "computes_for_ever", "while True: pass", ("time",), says="timed out after 1 s", limits=ONE_SECOND
    ),
    Hostile(
        "ignores_the_signal_of_time",
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
        ("time",),
        says="timed out",
        limits=ONE_SECOND,
    ),
    Hostile(
        "sleeps_for_ever",
        "import time\ntime.sleep(1e6)",
        ("time",),
        says="timed out after 0.5 s",
        limits=SHORT,
    ),
    Hostile(
        "ignores_the_polite_end",
        "import signal, time\nfor n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)\ntime.sleep(1e6)",
        ("time",),
        says="timed out",
        limits=SHORT,
    ),
    Hostile(
        "stops_itself_for_ever",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        ("time",),
        says="timed out",
        limits=SHORT,
    ),
    Hostile(
        "computes_in_native_code",
        "print(len(str(7 ** (7 ** 9))))",
        ("time", "failed", "memory"),
        limits=BRIEF,
    ),
    Hostile(
        "waits_in_a_regular_expression",
        "import re\nre.match(r'(a+)+$', 'a' * 40 + 'b')",
        ("time",),
        says="timed out",
        limits=BRIEF,
    ),
    Hostile(
        "raises_its_time",
        "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (-1, -1))\nprint('ESCAPED')",
        says="limits",
    ),
    Hostile(
        "raises_its_memory_natively",
        LIBC
        + "a = (ctypes.c_uint64 * 2)(2**63, 2**63)\nr = libc.setrlimit(9, a)\nprint('ESCAPED' if r == 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "fills_the_memory",
        "x = []\nwhile True: x.append(bytearray(10_000_000))",
        ("memory",),
        says="more than 512 MB",
    ),
    Hostile("wants_much_memory_at_once", "x = bytearray(8 << 30)", ("memory",), says="more than 512 MB"),
    Hostile(
        "fills_the_memory_from_threads",
        "import threading\ndef fill():\n    x = []\n    while True: x.append(bytearray(10_000_000))\n"
        "for _ in range(8): threading.Thread(target=fill, daemon=False).start()",
        ("memory", "failed", "done", "crashed", "time"),
    ),
    Hostile(
        "fills_the_memory_by_a_file",
        "import ctypes, os\nfd = ctypes.CDLL(None).memfd_create(b'x', 0)\nprint('ESCAPED' if fd >= 0 else 'contained')",
        ("done",),
        says="contained",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "is_a_thread_bomb",
        "import threading, time\nn = 0\ntry:\n    while n < 5000:\n        threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
        "        n += 1\nexcept RuntimeError: pass\nprint('ESCAPED' if n > 4000 else 'contained', n)",
        ("done", "memory"),
        says="",
    ),
    Hostile(
        "writes_without_end", "while True: print('y' * 1000)", ("output",), says="more than 64,000 bytes"
    ),
    Hostile(
        "complains_without_end",
        "import sys\nwhile True: sys.stderr.write('y' * 1000)",
        ("output",),
        says="more than 64,000 bytes",
    ),
    Hostile(
        "writes_one_endless_line",
        "import os\nwhile True: os.write(1, b'y' * 65536)",
        ("output",),
        says="more than 64,000 bytes",
    ),
    Hostile(
        "writes_a_huge_file",
        "f = open('x', 'wb')\nwhile True: f.write(b'y' * 65536)",
        ("failed", "disk"),
        says="",
    ),
    Hostile(
        "writes_many_large_files",
        "n = 0\nwhile True:\n    n += 1\n    open(str(n % 90), 'wb').write(b'y' * 1_000_000)",
        ("failed", "disk"),
        says="",
    ),
    Hostile(
        "makes_many_files",
        "n = 0\nwhile True:\n    n += 1\n    open(str(n), 'w').close()",
        ("failed", "disk"),
        says="",
    ),
    Hostile(
        "nests_folders",
        "import os\nwhile True:\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)",
        ("failed", "disk"),
        says="",
    ),
    Hostile(
        "hides_a_folder",
        "import os\nos.umask(0)\nos.mkdir('x', 0)\nos.mkdir('y', 0o300)\nopen('y/z', 'w').write('hidden')",
        ("done", "failed"),
    ),
    Hostile("opens_many_files", "x = [open('x', 'w') for _ in range(1000)]", says="Too many open files"),
    Hostile("dumps_core", "import os\nos.abort()", ("crashed",), says="SIGABRT"),
    Hostile(
        "keeps_many_pipes", "import os\nx = [os.pipe() for _ in range(1000)]", says="Too many open files"
    ),
]

PYTHON = [
    Hostile("recurses", "def f(): f()\nf()", says="RecursionError"),
    Hostile(
        "recurses_into_the_ground",
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return [f() for _ in 'a']\nf()",
        ("crashed", "memory", "failed", "time"),
        limits=ONE_SECOND,
    ),
    Hostile("nests_deeply", "exec('(' * 5000 + ')' * 5000)", ("failed", "memory", "crashed"), says=""),
    Hostile(
        "crashes_natively",
        "import ctypes\nctypes.string_at(0)",
        ("crashed",),
        says="segmentation fault",
        weak_says=NO_CTYPES,
    ),
    Hostile(
        "crashes_by_bytecode",
        "def f(): pass\nf.__code__ = f.__code__.replace(co_code=b'd\\xff' * 20, co_stacksize=0)\nf()",
        ("crashed", "failed", "memory", "time"),
    ),
    Hostile(
        "ends_by_signal",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
        ("crashed",),
        says="SIGKILL",
    ),
    Hostile("does_not_parse", "def f(:\n  pass", says="SyntaxError"),
    Hostile("is_no_text", "x = '\0'", says="null byte"),
    Hostile("has_half_a_character", "x = '\ud800'", says="surrogates"),
    Hostile("raises_ten_megabytes", "raise ValueError('x' * 10_000_000)", says="ValueError"),
    Hostile(
        "raises_what_cannot_be_shown",
        "class E(Exception):\n    def __str__(self): raise E()\n    __repr__ = __str__\nraise E()",
        says="",
    ),
    Hostile(
        "raises_what_never_ends",
        "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E()",
        ("time",),
        says="timed out",
        limits=BRIEF,
    ),
    Hostile(
        "raises_a_long_chain",
        "def f(n):\n    try:\n        if n: f(n - 1)\n        1/0\n    except Exception as e:\n        raise ValueError(n) from e\nf(200)",
        says="ValueError",
    ),
    Hostile("ends_with_a_number", "exit(3)", says="exit code 3"),
    Hostile("ends_with_words", "import sys\nsys.exit('no luck')", says="no luck"),
    Hostile("ends_hard", "import os\nprint('x', flush=True)\nos._exit(7)", says="exit code 7"),
    Hostile(
        "replaces_the_end",
        "import os, sys\nos._exit = lambda *a: print('ESCAPED again')\nsys.exit = os._exit",
        ("done",),
    ),
    Hostile(
        "hooks_the_end",
        "import atexit, os\natexit.register(lambda: open(SECRET).read() and print('ESCAPED'))",
        ("done", "failed"),
    ),
    Hostile(
        "waits_at_the_end",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1e6,)).start()",
        ("time",),
        says="timed out",
        limits=SHORT,
    ),
    Hostile("prints_nothing", "x = 6 * 7", ("done",), says="printed nothing"),
    Hostile("is_empty", "", ("done",), says="printed nothing"),
    Hostile("prints_nul_bytes", "print('a\\0b')", ("done",), says="a\u2400b"),
    Hostile("prints_half_a_character", "print('\\ud800')", ("done",), says="\\ud800"),
    Hostile(
        "prints_what_is_no_text", "import os\nos.write(1, b'a\\xff\\xfeb')", ("done",), says="a\ufffd\ufffdb"
    ),
    Hostile(
        "commands_the_terminal", "print('\\x1b[2J\\x1b]0;owned\\x07\\x9b1m')", ("done",), says="\u241b[2J"
    ),
    Hostile("turns_the_writing_round", "print('\\u202e42')", ("done",), says="\ufffd42"),
    Hostile(
        "closes_its_streams",
        "import os\nos.close(1); os.close(2)\nraise SystemExit(0)",
        ("done",),
        says="printed nothing",
    ),
    Hostile(
        "changes_the_guard_by_frames",
        "try:\n    open(SECRET)\nexcept PermissionError as e:\n    t = e.__traceback__\n    while t.tb_next: t = t.tb_next\n"
        "    f = t.tb_frame\n    f.f_locals.update(folder='/', readable=('/',))\n    f.f_globals.update(_guard=None, SOURCE='')\n"
        "    for k in list(f.f_globals): f.f_globals[k] = None\nprint('ESCAPED', open(SECRET).read())",
        says="does not let a program read",
    ),
    Hostile(
        "changes_the_guard_by_builtins",
        "import builtins, os\nbuiltins.isinstance = lambda *a: True\nbuiltins.str = builtins.PermissionError = builtins.any = None\n"
        "os.getcwd = lambda: '/work'\nos.fspath = lambda p: 'x'\nprint('ESCAPED', open(SECRET).read())",
        says="does not let a program read",
    ),
    Hostile(
        "finds_the_guard_by_gc",
        "import gc\nfor x in gc.get_objects():\n    if type(x) is list and len(x) == 1 and type(x[0]).__name__ == 'function' and x[0].__name__ == 'guard':\n"
        "        x.clear()\nprint('ESCAPED' if 'secret' in open(SECRET).read() else '')",
        says="",
        weak_says=BELOW,
    ),
    Hostile(
        "finds_what_it_must_not_by_subclasses",
        "for c in ().__class__.__base__.__subclasses__():\n    if c.__name__ == 'FileLoader':\n        print('ESCAPED', c('x', SECRET).get_data(SECRET))",
        says="does not let a program read",
    ),
    Hostile(
        "adds_an_audit_hook",
        "import sys\nsys.addaudithook(lambda *a: None)\nprint('ESCAPED', open(SECRET).read())",
        says="read",
    ),
    Hostile(
        "uses_another_interpreter",
        "try:\n    import _xxsubinterpreters as s\nexcept ImportError:\n    import _interpreters as s\n"
        "s.run_string(s.create(), f\"print('ESCAPED', open({SECRET!r}).read())\")",
        ("failed", "done"),  # newer Pythons give what was raised there as a value
    ),
    Hostile(
        "prints_a_forged_report",
        'import os\nos.write(2, b\'{"status": 0, "why": ""}\\n\')\nprint(\'x\')',
        ("done",),
        says="ended by itself",
    ),
    Hostile("writes_to_the_log", "import syslog\nsyslog.syslog('x')", says="log"),
]

HOSTILE = [*FILES, *ENVIRONMENT, *NETWORK, *PROCESSES, *RESOURCES, *PYTHON]
