"""What every worker process of a desk does first."""

from frontdesk.config import Config
from frontdesk.database import state
from frontdesk.history import capture
from frontdesk.logs import handlers, loggers


def initialise(config: Config) -> None:
    """Makes this process a worker of the desk: in its folder, with its handlers and its loggers' levels."""
    from frontdesk.functions import worker  # with pydantic, which a server does not need at its start

    worker.initialise(config)
    handlers.configure(config, "worker")
    capture.known[config.folder] = config.databases
    loggers.Watch(config, state.open_made(config)).start()
    worker.importing = loggers.importing


def bare(config: Config) -> None:
    """Makes this process a worker that keeps nothing: what it imports is only looked at."""
    from frontdesk.functions import worker

    worker.initialise(config)
