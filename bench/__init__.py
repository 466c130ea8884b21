"""Measures the chain; see `python -m bench --help`."""
