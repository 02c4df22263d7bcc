"""Databases: connections, schema and values; the only room that imports a driver."""
