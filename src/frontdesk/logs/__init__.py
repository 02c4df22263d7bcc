"""Logs: each record a line of a file before the call returns, carried into an index, searched; levels."""
