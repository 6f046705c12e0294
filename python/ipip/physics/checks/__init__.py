"""The checks: one file each; `ipip.physics.listing` is their list."""
