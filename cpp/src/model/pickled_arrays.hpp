// SPDX-License-Identifier: MIT
// The weights of a model file of format version 1, which has them only as TorchScript stores them:
// a pickle of the tree of modules, whose tensors name records of the archive.
#pragma once

#include "arrays.hpp"
#include "zip_entries.hpp"

namespace ipip {

/// Reads the tensors of the module by their names, without running anything: a pickle is a program
/// for a small machine, and this reader only knows the instructions that build plain values.
/// @throws ipip::Error  the pickle does anything else, or a tensor does not fit its record
Arrays read_pickled_arrays(const ZipEntries& archive);

}  // namespace ipip
