"""Tutorials: pages whose blocks are executed once, and whose stored outputs the site shows.

A block of a page is the directive `{run} sh` or `{run} python`; its option `picture` names a PNG
that it leaves. `make tutorials` executes pages and stores what they print, with the digest of their
blocks: the site is not built from outputs of other blocks.
"""

from docs.tutorial_runs.page import Block, Page, StoredRun, read_page

__all__ = ["Block", "Page", "StoredRun", "read_page"]
