"""Edits of JSON documents: addresses (JSON Pointer) and the operations at them."""
