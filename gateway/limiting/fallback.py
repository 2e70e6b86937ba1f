"""The isolate's own counts, for when an object is not there: the same arithmetic, for itself."""

from collections import OrderedDict
from typing import Final

from contract.limiting.authority import Authority
from contract.limiting.limit import Limit
from contract.limits import LeaseAnswer, LeaseRequest, Return


class LocalLimits:
    """One authority for each key; bounded, and what was used longest ago is forgotten."""

    MAX_KEYS: Final = 4096

    def __init__(self) -> None:
        self._authorities: OrderedDict[str, Authority] = OrderedDict()
        self._made = 0

    def check(self, key: str, limit: Limit, cost: int, now: float) -> LeaseAnswer:
        """Decide as the object of `key` would, from what this isolate has seen itself."""
        authority = self._authorities.get(key)
        if authority is None:
            while len(self._authorities) >= self.MAX_KEYS:
                self._authorities.popitem(last=False)
            # Named apart from one that was forgotten, whose places may still be given back.
            self._made += 1
            authority = self._authorities[key] = Authority(name=f"local-{self._made}")
        self._authorities.move_to_end(key)
        return authority.answer(LeaseRequest(limit=limit, cost=cost), now)

    def give_back(self, key: str, limit: Limit, lease: str, now: float) -> None:
        """A place in flight is free again."""
        authority = self._authorities.get(key)
        if authority is not None:
            request = LeaseRequest(limit=limit, cost=0, returns=(Return(lease),))
            authority.answer(request, now)
