"""Properties of any potential, whatever computes it.

Each is a function that returns how well it holds and raises `ContractError` where it does not. They
need ASE and NumPy alone; `ipip.testing` makes tests of them, `ipip physics` a report.
"""
