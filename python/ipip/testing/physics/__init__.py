"""Properties of any potential, whatever computes it: each a function that raises `ContractError`.

They need ASE and NumPy alone.
"""
