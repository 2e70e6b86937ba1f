"""Files that somebody could make to keep `gateway check` busy, and what it costs to refuse them.

`python -m tests.gallery` prints the costs for docs/errors.md; tests/security/test_hostile_yaml.py
holds every file to the budget.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

SECONDS: Final = 1.0
"""Processor time that a refusal may take, the start of Python included."""
MEGABYTES: Final = 200
"""Resident memory that it may take, Python's own 30 MB included."""

_GIVE_UP: Final = 30.0
_ADDRESSES: Final = 1 << 30
_START: Final = "versions: { default: v2, supported: { v2: {} } }\n"


class Hostile(NamedTuple):
    """A file: its name in the docs, what makes it in a folder, and part of the refusal."""

    name: str
    make: Callable[[Path], Path]
    message: str


class Refusal(NamedTuple):
    """What `gateway check` did with a file."""

    status: int
    output: str
    seconds: float
    """Of processor time."""
    elapsed: float
    megabytes: float


_LAUNCHER: Final = """
import os, resource, sys
addresses, seconds = map(int, sys.argv[1:3])
child = os.fork()
if not child:
    resource.setrlimit(resource.RLIMIT_AS, (addresses, addresses))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    os.execv(sys.argv[3], sys.argv[3:])
_, status, usage = os.wait4(child, 0)
os.write(2, f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}".encode())
os._exit(os.waitstatus_to_exitcode(status) & 255)
"""
"""Starts the command with limits, so that one that gets out of hand is stopped, and tells what it
took. A child's peak of memory begins with that of who started it, so this has to be a small one."""


def check(path: Path) -> Refusal:
    """Run `gateway check` on `path` in a process of its own."""
    command = [sys.executable, "-m", "cli.main", "check", str(path)]
    limits = [str(_ADDRESSES), str(int(_GIVE_UP))]
    began = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-S", "-E", "-c", _LAUNCHER, *limits, *command],
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        check=False,
    )
    *complaints, measured = run.stderr.rpartition(b"\n")
    seconds, peak = measured.split()
    return Refusal(
        status=run.returncode,
        output=(run.stdout + b"".join(complaints)).decode(),
        seconds=float(seconds),
        elapsed=time.monotonic() - began,
        megabytes=int(peak) / (1024 if sys.platform == "linux" else 1024 * 1024),
    )


def _file(content: bytes | Callable[[], bytes]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "routes.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content())
        return path

    return make


def _table(text: str) -> Callable[[Path], Path]:
    return _file((_START + text).encode())


def _doubling() -> bytes:
    """Billion laughs: each line stands for nine of the one before."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 40):
        nine = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} [{nine}]")
    return "\n".join(lines).encode()


def _shallow_aliases() -> bytes:
    """Just below the limit of what aliases stand for, in routes that are all wrong."""
    lines = ["routes:", "  - &a { name: A, path: b, methods: [GTE, PSOT], service: 1, acess: 2 }"]
    return (_START + "\n".join(lines + ["  - *a"] * 6000)).encode()


def _keys(number: int) -> bytes:
    return ("{" + ", ".join(f"k{key}: 1" for key in range(number)) + "}").encode()


def _wrong_routes() -> bytes:
    route = "  - { name: R{n}, path: x/{n}, method: GET, srvice: data, acess: public }\n"
    return (
        _START + "routes:\n" + "".join(route.replace("{n}", str(n)) for n in range(20_000))
    ).encode()


def _same_names() -> bytes:
    route = "  - { name: r, path: /x, methods: [GET], service: dat, access: public }\n"
    return (_START + "services: { data: { binding: DATA } }\nroutes:\n" + route * 10_000).encode()


def _explosive_policies() -> bytes:
    scopes = ", ".join(f"s{number}" for number in range(50_000))
    route = "  - { name: r{n}, path: /x{n}, methods: [GET], service: data, use: [a] }\n"
    routes = "".join(route.replace("{n}", str(n)) for n in range(10_000))
    policy = f"policies: {{ a: {{ access: {{ scopes: [{scopes}] }} }} }}\n"
    return f"{_START}{policy}routes:\n{routes}".encode()


def _environments() -> bytes:
    """Ten times the work, each time with a mistake."""
    names = ", ".join(f"e{n}: {{ routes: {{ r{n}: {{ max_body: 1 }} }} }}" for n in range(10))
    return f"environments: {{ {names} }}\n".encode() + _wrong_routes()


def _beside(make: Callable[[Path], object], include: str) -> Callable[[Path], Path]:
    def both(folder: Path) -> Path:
        make(folder)
        return _table(f"include: [{include}]\n")(folder)

    return both


def _many_files(folder: Path) -> None:
    for number in range(20_000):
        (folder / f"part{number}.yaml").touch()


def _large_parts(folder: Path) -> None:
    for number in range(100):
        (folder / f"part{number}.yaml").write_bytes(b"routes: [" + b"{}," * 30_000 + b"]")


def _link(target: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "part.yaml").symlink_to(target)


def _is(path: str) -> Callable[[Path], Path]:
    return lambda _folder: Path(path)


def _made(make: Callable[[Path], object]) -> Callable[[Path], Path]:
    def path(folder: Path) -> Path:
        make(folder / "routes.yaml")
        return folder / "routes.yaml"

    return path


def large_table(folder: Path) -> Path:
    """Not hostile, only large: 10,000 routes in 20 files."""
    (folder / "teams").mkdir()
    for team in range(20):
        routes = "".join(
            f"  - {{ name: r{n}, path: '/team-{team}/things-{n}/{{id}}', methods: [GET, POST],\n"
            f"      versions: [v2], service: data, access: {{ scopes: ['things:{n}'] }},\n"
            f"      rate_limit: reading, max_body: 64KiB }}\n"
            for n in range(team * 500, team * 500 + 500)
        )
        (folder / f"teams/team-{team}.yaml").write_text(f"routes:\n{routes}")
    return _table(
        "include: [teams/*.yaml]\nservices: { data: { binding: DATA } }\n"
        "rate_limits: { reading: { quota: 600, window: 1m, by: subject } }\n"
    )(folder)


def files() -> Iterator[Hostile]:
    """All of them, in the order of the docs."""
    yield Hostile("exploding aliases", _file(_doubling), "aliases stand for more than")
    yield Hostile("aliases just below the limit", _file(_shallow_aliases), "did you mean `GET`?")
    yield Hostile("an alias inside its anchor", _file(b"a: &a [*a]"), "is inside its own anchor")
    yield Hostile(
        "100,000 anchors",
        _file(lambda: b"\n".join(b"k%d: &a%d 1" % (n, n) for n in range(100_000))),
        "`versions` is missing",
    )
    yield Hostile("a duplicate key", _table("routes: []\nroutes: []\n"), "is already set in line 2")
    yield Hostile("100,000 times the same key", _file(b"a: 1\n" * 100_000), "set in line 1")
    yield Hostile("50 MB of text", _file(lambda: b"# x\n" * 13_107_200), "at most 8192 KiB")
    yield Hostile("8 MB of line ends", _file(lambda: b"\n" * (8 << 20)), "the file is empty")
    yield Hostile("8 MB of brackets", _file(lambda: b"[" * (8 << 20)), "more than 50 levels deep")
    yield Hostile("8 MB of `- `", _file(lambda: b"- " * (4 << 20)), "more than 50 levels deep")
    yield Hostile("8 MB of `? `", _file(lambda: b"? " * (4 << 20)), "more than 50 levels deep")
    yield Hostile("8 MB of `{a: `", _file(lambda: b"{a: " * (2 << 20)), "more than 50 levels deep")
    yield Hostile("8 MB of entries", _file(lambda: b"[" + b"1," * 4_000_000), "keys and values")
    yield Hostile("100,000 keys in a line", _file(_keys(100_000)), "`versions` is missing")
    yield Hostile("200,000 keys in a line", _file(_keys(200_000)), "keys and values")
    yield Hostile(
        "a text of 8 MB", _file(lambda: b"a: " + b"x" * 8_000_000), "`versions` is missing"
    )
    yield Hostile(
        "8 MB of escapes", _file(lambda: b'a: "' + b"\\x41" * 2_000_000 + b'"'), "is missing"
    )
    yield Hostile("a key of 1 MB", _file(lambda: b"x" * 1_000_000 + b": 1"), "not valid YAML")
    yield Hostile(
        "an open quote, 8 MB", _file(lambda: b"a: '" + b"x\n" * 4_000_000), "not valid YAML"
    )
    yield Hostile(
        "a number of 1,000,000 digits", _file(b"a: " + b"9" * 1_000_000), "at most 64 bits"
    )
    yield Hostile("the number 1e999999999", _file(b"a: 1e999999999"), "a number that JSON can hold")
    yield Hostile(
        "a tag that makes Python run", _file(b"!!python/object/apply:os.system [ls]"), "no tag"
    )
    yield Hostile("a tag of 1 MB", _file(b"a: !" + b"x" * 1_000_000 + b" 1"), "no tag")
    yield Hostile("100,000 tag directives", _file(b"%TAG !a! !b\n" * 100_000), "not valid YAML")
    yield Hostile("UTF-16", _file((_START * 100).encode("utf-16")), "not UTF-8")
    yield Hostile("UTF-32", _file((_START * 100).encode("utf-32")), "not UTF-8")
    yield Hostile("Latin-1", _file("summary: café".encode("latin-1")), "unexpected byte 0xE9")
    yield Hostile("a NUL", _file(b"a: \0"), "U+0000 is not allowed")
    yield Hostile("a terminal's control sequence", _file(b"a: \x1b[2J"), "U+001B is not allowed")
    yield Hostile("half a surrogate pair", _file(b'a: "\\ud800"'), "Unicode")
    yield Hostile("a second document", _file(_START.encode() + b"---\na: 1\n"), "a second one")
    yield Hostile("20,000 routes, all wrong", _file(_wrong_routes), "did you mean `access`?")
    yield Hostile("10,000 routes of one name", _file(_same_names), "did you mean `data`?")
    yield Hostile("exploding policies", _file(_explosive_policies), "policies give more than")
    yield Hostile("all wrong in 10 environments", _file(_environments), "did you mean `access`?")
    yield Hostile(
        "includes that go in a circle",
        _beside(
            lambda folder: (folder / "part.yaml").write_text("include: [routes.yaml]"), "part.yaml"
        ),
        "an included file cannot include others",
    )
    yield Hostile(
        "an include of itself", _table("include: [routes.yaml]\n"), "cannot include itself"
    )
    yield Hostile(
        "an include of /etc/passwd", _table("include: [/etc/passwd]\n"), "relative to this"
    )
    yield Hostile("an include above the folder", _table("include: [../x.yaml]\n"), "no `..`")
    yield Hostile(
        "a link out of the folder", _beside(_link("/etc/passwd"), "part.yaml"), "leads out of"
    )
    yield Hostile("a link to /dev/zero", _beside(_link("/dev/zero"), "part.yaml"), "leads out of")
    yield Hostile("a link to itself", _beside(_link("part.yaml"), "part.yaml"), "cannot be read")
    yield Hostile(
        "an include of a pipe",
        _beside(lambda folder: os.mkfifo(folder / "part.yaml"), "part.yaml"),
        "is a pipe",
    )
    yield Hostile(
        "an include of a folder",
        _beside(lambda folder: (folder / "part.yaml").mkdir(), "part.yaml"),
        "is a directory",
    )
    yield Hostile(
        "20,000 included files", _beside(_many_files, "'*.yaml'"), "files and folders to look at"
    )
    yield Hostile("100 large files", _beside(_large_parts, "'part*.yaml'"), "keys and values")
    yield Hostile("/dev/zero", _is("/dev/zero"), "is a device")
    yield Hostile("a pipe that nobody writes to", _made(os.mkfifo), "is a pipe")
    yield Hostile("a folder", _made(Path.mkdir), "is a directory")
