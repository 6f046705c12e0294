// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace LAMMPS_NS {

/// Whether the MPI that runs says that it sends and receives memory of GPUs.
bool mpi_takes_gpu_memory();

}  // namespace LAMMPS_NS
