"""The border: everything in the gateway that touches JavaScript is in this package."""
