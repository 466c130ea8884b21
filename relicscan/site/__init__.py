"""The static exhibition: finished relics become pages that need no server.

OUT ─► gather ─► Exhibition ─► pages (a language each) ─┐
                      └──────► assets, named by content ─┴─► SITE, moved into place whole
"""
