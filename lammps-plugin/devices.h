// SPDX-License-Identifier: GPL-2.0-or-later
// Which device each rank computes on, and a table of this. Everything here is collective.
#pragma once

#include <mpi.h>

#include <string>

namespace LAMMPS_NS {

/// Selects the device of this rank by its place among the ranks of its node. `auto` means GPUs only
/// where every rank of the world sees one.
/// @param backend backend that computes
/// @param asked   auto, cpu, cuda, cuda:N or emulate
/// @param share   whether ranks may share a GPU
/// @param device  set to "cpu", "cuda:k" or "emulate"
/// @return empty, or why the request cannot be met on this rank
std::string choose_device(const std::string& backend, const std::string& asked, bool share,
                          MPI_Comm world, std::string& device);

/// A line for each node and device with the ranks that use it, on rank 0; empty on others.
std::string device_table(const std::string& device, MPI_Comm world);

}  // namespace LAMMPS_NS
