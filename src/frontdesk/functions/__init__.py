"""Typed Python callables, described, called in workers, and every call kept as a run."""
