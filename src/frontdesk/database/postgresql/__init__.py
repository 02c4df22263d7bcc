"""What only PostgreSQL needs: its driver, its types, its catalog. Imported where a URL names such a database."""

OWN_SCHEMA = "frontdesk"
"""Where Frontdesk's own tables stand, in every database."""
OWN_LOCK = 0x66726F6E74
"""The advisory lock that writers of Frontdesk's own tables take before these are there."""
