"""The ViSNet student."""

from ipip.models.visnet.network import ViSNet

__all__ = ["ViSNet"]
