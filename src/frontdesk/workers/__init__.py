"""Warm worker processes that can be killed."""
