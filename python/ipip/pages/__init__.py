"""HTML pages in one style: each is a single file that needs no network."""

from ipip.pages.document import PageFigure, card_of, figure_of, render_page, render_plain_page

__all__ = ["PageFigure", "card_of", "figure_of", "render_page", "render_plain_page"]
