"""What only PostgreSQL needs: its driver, its types, its catalog. Imported where a URL names such a database."""
