"""Roadmaps and milestones: their shapes, their SQL, their HTTP. Plain Python, no platform."""
