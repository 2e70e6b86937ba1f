"""A module beside the main one: a test puts another in its place."""

SUFFIX = "!"
