"""Accounts: users, passwords, sessions, tokens, one-time links, and the audit of what was done with them."""
