"""The desk that the application of this request serves."""

from flask import Flask, current_app

from frontdesk.desk import Desk


def put(app: Flask, desk: Desk) -> None:
    """Makes `desk` the one that `app` serves."""
    app.extensions["frontdesk"] = desk


def desk() -> Desk:
    """The desk being served."""
    found: Desk = current_app.extensions["frontdesk"]
    return found
