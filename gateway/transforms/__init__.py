"""Transforms: operations on paths, queries, header fields, status codes and JSON documents."""
