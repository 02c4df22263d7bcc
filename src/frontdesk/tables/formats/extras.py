"""Packages that not everybody has."""

import importlib
import importlib.util
from typing import Any

from frontdesk.errors import InputError

COMMAND = "pip install 'frontdesk[files]'"


def need(module: str, what: str) -> Any:
    """The module. Raises InputError with the command that adds it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise InputError(f"{what} files need {package}, which is not installed.", f"Add it with: {COMMAND}") from None


def has(package: str) -> bool:
    """Whether the package is installed; it is not imported."""
    return importlib.util.find_spec(package) is not None
