"""HTML pages in one style: each is one file that needs no network and no other file."""

from ipip.pages.document import PageFigure, card_of, figure_of, render_page, render_plain_page

__all__ = ["PageFigure", "card_of", "figure_of", "render_page", "render_plain_page"]
