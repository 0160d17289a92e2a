"""A call that was published twice runs once.

Who publishes a chord's body may die before he can say that he did, and then another one publishes it again, with a
token of his own. Of messages for one call the first that comes to a worker wins, and wins again when it is delivered
again; those with another token are dropped.
"""

from __future__ import annotations

from collections import OrderedDict

from umbel import clock
from umbel.contracts import SharedState
from umbel.contracts.bootstep import Gate, Verdict
from umbel.exceptions import TemporaryError
from umbel.model import Delivery
from umbel_canvas.bodies import TOKEN
from umbel_canvas.facts import first_key

#: Seconds for which it is known which message was first, and until a message is looked at again while nobody can say.
_KNOWN_S, _AGAIN_S = 86400.0, 1.0
#: Of so many a worker remembers that they were first: where the body is a chord, all of its header ask the same.
_REMEMBERED = 1000


def once(shared: SharedState) -> Gate:
    """The gate."""
    firsts: OrderedDict[str, None] = OrderedDict()

    def gate(delivery: Delivery) -> Verdict | None:
        token = delivery.message.headers.get(TOKEN)
        if token is None or token in firsts:
            return None
        try:
            # Not by the task's id: what replaces a body has that, too.
            first = shared.claim(first_key(str(token).partition("/")[0]), str(token), _KNOWN_S)
        except TemporaryError as error:
            return Verdict(f"it cannot be told whether it runs already: {error}", due=clock.time() + _AGAIN_S)
        if not first:
            return Verdict("another message of the same call came first")
        firsts[token] = None
        if len(firsts) > _REMEMBERED:
            firsts.popitem(last=False)
        return None

    return gate
