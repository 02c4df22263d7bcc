"""A function of the desk inside the application."""

import frontdesk


@frontdesk.function(roles=("viewer",))
def gross(net: float, rate: float = 0.19) -> float:
    """The price with its tax."""
    return round(net * (1 + rate), 2)
