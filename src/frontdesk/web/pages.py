"""The desk's own pages, filled in a sandbox."""

import secrets
from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Response, render_template
from jinja2 import (
    ChoiceLoader,
    DictLoader,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from frontdesk.desk import pages
from frontdesk.errors import Error, NotFoundError, PageError
from frontdesk.functions import media
from frontdesk.web import access, charts, current, rendering

routes = Blueprint("pages", __name__)

PARENTS = {
    "frontdesk/page.html": "{{ __mark }}{% block title %}{% endblock %}{{ __mark }}{% block content %}{% endblock %}",
    "frontdesk/bare.html": (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>{% block title %}{% endblock %}</title>\n{% block head %}{% endblock %}\n</head>\n"
        "<body>\n{% block content %}{% endblock %}\n</body>\n</html>\n"
    ),
}
"""What a page extends: the first is put into the desk's frame, the second is a whole document."""


@routes.get("/pages")
@access.allow("viewer")
def index() -> Response:
    """Every page of the desk."""
    return rendering.page("pages/index.html", pages=pages.names(current.desk().folder))


@routes.get("/pages/<name:page>")
@access.allow("viewer")
def page(page: str) -> Response:
    """The template `pages/PAGE.html`, filled with the reader's role."""
    desk = current.desk()
    if page not in pages.names(desk.folder):
        raise NotFoundError(
            f"There is no page {page!r}.", f"Pages are the templates {pages.FOLDER}/NAME.html of the desk."
        )
    mark = secrets.token_hex(16)
    reader = pages.Reader(desk, access.caller())
    known = {**reader.names(), "chart": _charts(reader), "__mark": mark}
    text = _fill(desk.folder / pages.FOLDER, page, known)
    if not text.lstrip().startswith(mark):
        return Response(text, mimetype="text/html")
    _, title, content = text.lstrip().split(mark, 2)
    return rendering.page("pages/page.html", name=page, title=title.strip() or page, content=Markup(content))  # noqa: S704


def _charts(reader: pages.Reader) -> Callable[[str], Markup]:
    """What a template calls as `chart("name")`; the first one brings the script that draws all of them."""
    drawn: list[str] = []

    def chart(name: str) -> Markup:
        saved, made = reader.chart(str(name))
        drawn.append(saved.name)
        shown = charts.figures(made)
        return Markup(render_template("charts/_figure.html", saved=saved, drawn=shown, first=len(drawn) == 1))  # noqa: S704

    return chart


def problems(folder: Path) -> dict[str, str]:
    """A sentence for every template of the desk that cannot be parsed, by its file's name."""
    environment = ImmutableSandboxedEnvironment(autoescape=True)
    found = {}
    for name in pages.names(folder):
        path = folder / pages.FOLDER / f"{name}.html"
        try:
            environment.parse(path.read_text("utf-8"), path.name)
        except TemplateSyntaxError as error:
            found[path.name] = f"{path.name}, line {error.lineno}: {error.message}"
        except (OSError, UnicodeDecodeError) as error:
            found[path.name] = f"{path.name} cannot be read: {error}"
    return found


def _fill(folder: Path, name: str, known: dict[str, object]) -> str:
    environment = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([DictLoader(PARENTS), FileSystemLoader(folder)]), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["sentence"] = media.sentence
    try:
        return environment.get_template(f"{name}.html").render(known)
    except TemplateSyntaxError as error:
        raise PageError(f"{error.name or name}, line {error.lineno}: {error.message}") from error
    except TemplateNotFound as error:
        raise PageError(f"{name}.html extends or includes {error.name!r}, which is not there.") from error
    except Error as error:
        error.message = f"{_place(error, folder, name)}: {error.message}"
        raise
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise PageError(f"{_place(error, folder, name)}: {type(error).__name__}: {error}") from error


def _place(error: BaseException, folder: Path, name: str) -> str:
    """The file and line of the template that was being filled when the error came."""
    found = f"{name}.html"
    trace = error.__traceback__
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.parent == folder:
            found = f"{path.name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return found
