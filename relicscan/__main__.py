"""`python -m relicscan`."""

from relicscan.cli.main import main

main()
