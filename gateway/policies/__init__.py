"""Policies: one file each, one callable each, built from its own settings when the table loads."""
