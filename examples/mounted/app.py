"""An application that was there before, with a desk inside it: `python examples/mounted/app.py`."""

import logging
from pathlib import Path

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import frontdesk
from frontdesk.web import create_app


def make_app(folder: Path) -> Flask:
    """The application, with the desk of the folder below /desk and its own records in that desk's logs."""
    app = Flask(__name__)

    @app.get("/")
    def index() -> str:
        logging.getLogger("shop").warning("Somebody looks at the shop")
        return 'The shop. <a href="/desk/">Its desk</a>'

    desk = app.config["DESK"] = frontdesk.Desk(folder)
    logging.getLogger().addHandler(frontdesk.logging_handler(folder))
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/desk": create_app(desk)})  # type: ignore[method-assign]
    return app


if __name__ == "__main__":
    make_app(Path(__file__).parent / "desk").run(port=5000)
