"""Stored responses: what an entry is (`entry`), and the tiers that hold it (`tiers`)."""
