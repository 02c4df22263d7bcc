"""What only SQLite needs: its files, its pragmas, its catalog."""
