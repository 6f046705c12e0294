"""Labelled copper, as in the tests of training."""

from tests.train.conftest import copper

__all__ = ["copper"]
