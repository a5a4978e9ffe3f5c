"""Scoring a whole table."""
