"""Time SevenNet-0: python sevennet_contender.py FRAME.xyz CALLS; prints JSON."""

import json
import resource
import sys
import time

import numpy as np
import torch
from ase.io import read
from sevenn.calculator import SevenNetCalculator

torch.set_num_threads(1)
atoms = read(sys.argv[1])
atoms.calc = SevenNetCalculator("7net-0", device="cpu")
best = np.inf
for call in range(int(sys.argv[2])):
    atoms.rattle(0.01, seed=call)
    start = time.perf_counter()
    atoms.get_forces()
    best = min(best, time.perf_counter() - start)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": best, "peak_bytes": peak}))
