"""The compiled part of ipip. Importing it registers the operator `torch.ops.ipip.halo_exchange`.

Import torch first: it loads the libraries that libipip is linked against.
"""

from collections.abc import Sequence
from types import TracebackType

class CoreError(RuntimeError):
    """A failure of libipip, told in one line."""

def version() -> str:
    """Version of libipip, "major.minor.patch"."""

def torch_version_built() -> str:
    """Version of libtorch that libipip was compiled for, "major.minor.patch"."""

def torch_version_loaded() -> str:
    """Version of the libtorch that is loaded, "major.minor.patch"."""

class GatherHalo:
    """Context in which `halo_exchange` appends copies of local rows.

    Args:
        n_local: rows that the operator's argument has.
        owners: [n_halo] local row that each appended row copies, each in [0, n_local).

    Raises:
        CoreError: an owner is not a local row.
    """

    def __init__(self, n_local: int, owners: Sequence[int]) -> None: ...
    def __enter__(self) -> GatherHalo: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
