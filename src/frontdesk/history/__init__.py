"""What changed, when, by whom, by which request and run; and its undoing."""
