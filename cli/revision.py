"""A table of another time: a file, or a revision of one in git, written `REV:path`."""

import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final

_SUFFIXES: Final = (".yaml", ".yml")
_MAX_FILE: Final = 4 * 1024 * 1024
_MAX_ARCHIVE: Final = 512 * 1024 * 1024


class RevisionError(Exception):
    """There is no such file, or no such revision of it; the text says which."""


@contextmanager
def opened(side: str) -> Iterator[Path]:
    """The file that `side` names, while the context lasts. Raises `RevisionError`.

    A revision's file lies in a temporary folder, and beside it all YAML files of that revision,
    since tables include others.
    """
    if Path(side).exists() or ":" not in side:
        if not Path(side).is_file():
            raise RevisionError(f"there is no file {side}")
        yield Path(side)
        return
    revision, _, name = side.partition(":")
    if revision.startswith("-") or not name:
        raise RevisionError(f"expected a file or REV:path, found `{side[:80]}`")
    top = Path(_git("rev-parse", "--show-toplevel").decode().strip())
    here = Path.cwd().resolve()
    # As git has it: a path is that of the repository, unless it begins with a dot.
    at = (here / name).resolve() if name.startswith(".") else top / name
    if not at.is_relative_to(top):
        raise RevisionError(f"{name} is not in the repository at {top}")
    with tempfile.TemporaryDirectory(prefix="gateway-diff-") as folder:
        _unpack(_git("-C", str(top), "archive", "--format=tar", revision), Path(folder))
        path = Path(folder) / at.relative_to(top)
        if not path.is_file():
            raise RevisionError(f"there is no {at.relative_to(top)} in {revision}")
        yield path


def _git(*words: str) -> bytes:
    try:
        done = subprocess.run(["git", *words], capture_output=True, check=True)
    except FileNotFoundError:
        raise RevisionError("git is not installed") from None
    except subprocess.CalledProcessError as failed:
        reason = failed.stderr.decode(errors="replace").strip().splitlines()
        raise RevisionError(f"git: {reason[-1] if reason else 'failed'}") from None
    if len(done.stdout) > _MAX_ARCHIVE:
        raise RevisionError("the revision is too large to look at")
    return done.stdout


def _unpack(archive: bytes, folder: Path) -> None:
    """The YAML files of `archive`; links and whatever else there is stay out."""
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        for member in tar:
            wanted = member.isfile() and member.name.endswith(_SUFFIXES)
            target = (folder / member.name).resolve()
            if not wanted or member.size > _MAX_FILE or not target.is_relative_to(folder.resolve()):
                continue
            source = tar.extractfile(member)
            if source is not None:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read())
