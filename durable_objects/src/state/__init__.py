"""The Durable Object classes, one file each. The arithmetic they persist lives in `contract`."""
