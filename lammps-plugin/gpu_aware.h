// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace LAMMPS_NS {

/// Whether the running MPI reports that it sends and receives GPU memory.
bool mpi_takes_gpu_memory();

}  // namespace LAMMPS_NS
