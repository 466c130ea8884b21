"""relicscan: raw museum scans to web-ready relic models that can be trusted."""

__version__ = "0.1.0"
