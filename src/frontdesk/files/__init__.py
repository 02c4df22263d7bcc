"""Files that people send and functions give, kept by the hash of their content."""
