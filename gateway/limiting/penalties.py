"""The penalty box of an isolate: who keeps hitting a limit is refused for a while, at no call.
Bans that begin here the object of the key is told, and those that it tells are learnt.

Each ban of the same key is twice as long as the one before, until it has behaved for as long as the
longest. Requests while it is banned do not count, so that nobody who tries again stays in for ever.
"""

from collections import OrderedDict
from typing import Final, NamedTuple


class Penalty(NamedTuple):
    """`refusals` within `within` seconds bring a ban of `ban` seconds; of `longest` at most."""

    refusals: int
    within: float
    ban: float
    longest: float


class _Record:
    __slots__ = ("bans", "since", "strikes", "until")

    def __init__(self, since: float) -> None:
        self.since = since
        """When the first of `strikes` was."""
        self.strikes = 0
        self.bans = 0
        self.until = 0.0


class PenaltyBox:
    """By key; bounded, and what was refused longest ago is forgotten."""

    MAX_KEYS: Final = 4096

    def __init__(self) -> None:
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def banned_for(self, key: str, now: float) -> float:
        """Seconds for which `key` is banned; 0 where it is not."""
        record = self._records.get(key)
        return max(0.0, record.until - now) if record is not None else 0.0

    def number(self, key: str) -> int:
        """How many bans in a row `key` has had."""
        record = self._records.get(key)
        return record.bans if record is not None else 0

    def learn(self, key: str, seconds: float, number: int, now: float) -> None:
        """`key` was banned elsewhere: for so many seconds more, its ban `number` in a row."""
        record = self._record(key, now)
        record.until = max(record.until, now + seconds)
        record.bans = max(record.bans, number)

    def strike(self, key: str, penalty: Penalty, now: float) -> float:
        """`key` was refused at `now`: the seconds of the ban that begins, or 0."""
        record = self._record(key, now)
        if not 0 <= now - record.since < penalty.within:
            record.since, record.strikes = now, 0
        if record.bans and now - record.until >= penalty.longest:
            record.bans = 0
        record.strikes += 1
        if record.strikes < penalty.refusals:
            return 0.0
        # Doubled in floating point, where no number of bans is too large to be compared.
        length = min(penalty.ban * 2.0 ** min(record.bans, 64), penalty.longest)
        record.bans += 1
        record.until = now + length
        record.strikes = 0
        return length

    def _record(self, key: str, now: float) -> _Record:
        record = self._records.get(key)
        if record is None:
            while len(self._records) >= self.MAX_KEYS:
                self._records.popitem(last=False)
            record = self._records[key] = _Record(now)
        self._records.move_to_end(key)
        return record
