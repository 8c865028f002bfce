"""Formats of mail, values in and values out: no database, no network."""
