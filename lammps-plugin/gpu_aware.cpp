// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpu_aware.h"

#include <dlfcn.h>

namespace LAMMPS_NS {

// The function is an extension of Open MPI, MPICH and their relatives. It is looked up at run time,
// since the headers of the build may be another MPI's.
bool mpi_takes_gpu_memory() {
  void* const function = dlsym(RTLD_DEFAULT, "MPIX_Query_cuda_support");
  return function != nullptr && reinterpret_cast<int (*)()>(function)() == 1;
}

}  // namespace LAMMPS_NS
