"""The smallest desk: one function. `frontdesk call greet name=Ada` calls it without a browser."""

import logging

import frontdesk

logger = logging.getLogger("hello")


@frontdesk.function
def greet(name: str = "world", times: int = 1) -> str:
    """Greet somebody, as often as you like."""
    logger.info("Greeting %s", name)
    return " ".join([f"Hello, {name}!"] * times)
