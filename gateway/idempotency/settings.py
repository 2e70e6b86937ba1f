"""What a route's `idempotency` can say."""

from typing import Literal

from ends.settings import BoundedSize
from routing.units import PositiveDuration
from settings import Settings


class IdempotencySettings(Settings, frozen=True, kw_only=True):
    """Requests that change something may carry a key, and take effect once for each key."""

    required: bool = False
    """Whether they have to."""
    ttl: PositiveDuration = "24h"
    """How long a key is remembered."""
    max_body: BoundedSize = "64KiB"
    """The largest body of an answer that is kept; of others duplicates hear the status alone."""
    timeout: PositiveDuration = "1s"
    """How long to wait for the object that remembers the key."""
    when_unavailable: Literal["refuse", "send"] = "refuse"
    """What happens to a request with a key while that object does not answer."""
