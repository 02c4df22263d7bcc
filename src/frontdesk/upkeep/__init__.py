"""Upkeep: what goes by the clock."""
