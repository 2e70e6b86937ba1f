"""Notices that source files changed, by looking: works alike on every file system."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_SUFFIXES = (".py", ".toml", ".sql", ".js", ".mjs", ".ts")
_NAMES = (".dev.vars",)
_SKIPPED = {"python_modules", "node_modules", "__pycache__", ".wrangler"}
_GENERATED = {"compiled_routes.py"}

Fingerprint = Mapping[Path, tuple[int, int]]


class Watch:
    """Looks at `files`, and at everything below `folders` that may be code or configuration.

    `files` is gone through at every look, so it may give others each time.
    """

    def __init__(self, files: Iterable[Path], folders: Iterable[Path]) -> None:
        self._files = files
        self._folders = tuple(folders)
        self._known = self._look()
        self._seen = self._known

    def changes(self) -> set[Path]:
        """What changed since the last answer, once it has been the same for two looks in a row.

        An editor or a checkout writes several files, one after the other: they are one change.
        """
        before, self._seen = self._seen, self._look()
        if self._seen == self._known or self._seen != before:
            return set()
        changed = {path for path, _ in self._known.items() ^ self._seen.items()}
        self._known = self._seen
        return changed

    def _look(self) -> Fingerprint:
        found = {}
        for path in (*self._files, *(path for folder in self._folders for path in _below(folder))):
            try:
                status = path.stat()
            except OSError:  # gone meanwhile, or nobody may look
                continue
            found[path] = (status.st_mtime_ns, status.st_size)
        return found


def _below(folder: Path) -> Iterator[Path]:
    try:
        inside = list(folder.iterdir())
    except OSError:
        return  # its files are gone, which is a change as well
    for path in inside:
        if path.name in _SKIPPED or path.name in _GENERATED:
            continue
        if path.is_dir():
            yield from _below(path)
        elif path.suffix in _SUFFIXES or path.name in _NAMES:
            yield path
