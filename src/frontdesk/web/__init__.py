"""Pages and JSON routes; the only room that imports flask."""

from frontdesk.web.app import create_app as create_app
