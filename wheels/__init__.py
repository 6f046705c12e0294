"""How wheels of ipip are built: by `make wheel` (`python -m wheels`), or by cibuildwheel."""
