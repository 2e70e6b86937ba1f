"""Tests against Workers in a real workerd."""
