"""Laws that every potential obeys, whatever computes it.

Each is a function that returns how well it holds and raises `ContractError` if it does not. They
need only ASE and NumPy; `ipip.testing` makes tests of them, `ipip physics` a report.
"""
