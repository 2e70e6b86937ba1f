"""Signed JSON: keys (RFC 7517), algorithms (RFC 7518) and compact signatures (RFC 7515)."""
