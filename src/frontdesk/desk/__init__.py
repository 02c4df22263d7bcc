"""A desk: the folder that is served, with all that it holds; and the verbs that join its rooms."""

from frontdesk.desk.desks import Desk as Desk
