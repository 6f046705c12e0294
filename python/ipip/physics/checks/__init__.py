"""The checks, one in each file; `ipip.physics.listing` lists them."""
