// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ipip/export.hpp"

namespace ipip {

/// What a model file says about its student; units eV and Å.
struct StudentInfo {
  std::string path;                        ///< file the student was read from
  std::string architecture;                ///< name of the architecture, "painn" for instance
  std::vector<std::string> symbols;        ///< chemical symbols; a species is an index into them
  double cutoff = 0.0;                     ///< Å; farther neighbours do not contribute
  std::int64_t layers = 0;                 ///< message-passing layers
  std::vector<std::int64_t> halo_widths;   ///< numbers per atom in each exchange
  std::string dtype;                       ///< "float32" or "float64", precision of the network
  std::int64_t n_heads = 0;                ///< energies per atom; their mean is the energy
  std::vector<double> reference_energies;  ///< [n_species] eV, energies of free atoms
  std::string weights_digest;              ///< "sha256:..." of the weights
  std::string citation;                    ///< what to cite for the architecture
};

/// How to run a student.
struct RunOptions {
  std::string device = "cpu";  ///< only "cpu" so far
  int threads = 1;             ///< threads of one evaluation, 1 or more
  /// "fused": hand-written kernels, for PaiNN; "torchscript": any student; "auto": fused where it
  /// runs the student, else torchscript.
  std::string backend = "auto";
  /// Kernels of the fused backend: "auto" for the best of this processor, or "avx512", "avx2" or
  /// "generic".
  std::string instruction_set = "auto";
  /// Largest error of the fused backend's radial tables over the largest value and slope; 0 for
  /// 3e-7 with float32 and 1e-10 with float64.
  double table_error = 0.0;
};

/// Atoms and directed pairs of one step. The caller keeps it between steps, so that nothing is
/// allocated once it has grown.
///
/// The pair vector of pair e points from the receiving atom to its neighbour:
///     vectors[e] = position(neighbours[e]) - position(receivers[e])
/// Every pair closer than the cutoff appears once in each direction as long as both atoms are local
/// rows. Pairs are ordered by receiver.
struct Graph {
  std::int64_t n_local = 0;              ///< rows [0, n_local) are atoms that get an energy
  std::vector<std::int64_t> species;     ///< [n_total] index into StudentInfo::symbols
  std::vector<std::int64_t> receivers;   ///< [n_pairs] row of the receiving atom, < n_local
  std::vector<std::int64_t> neighbours;  ///< [n_pairs] row of its neighbour, < n_total
  std::vector<double> vectors;           ///< [n_pairs, 3] Å, see above
};

/// Energies, forces and virials of one step, reused between steps.
///
/// With g = dE/dvectors[e], pair e adds +g to the force on its receiver and -g to that on its
/// neighbour. Its virial is w = -vectors[e] (x) g (the sign of LAMMPS: sum of r (x) F), nine
/// numbers in row-major order xx xy xz yx yy yz zx zy zz.
struct Results {
  double energy = 0.0;                ///< eV, sum over local atoms
  std::vector<double> atom_energies;  ///< [n_local] eV
  std::vector<double> forces;         ///< [n_total, 3] eV/Å; halo rows belong to their owners
  std::array<double, 9> virial{};     ///< eV, sum over pairs
  std::vector<double> atom_virials;   ///< [n_total, 9] eV, half of each pair's to each atom;
                                      ///< empty unless asked for
  double forward_seconds = 0.0;       ///< wall time of the energies, exchanges included
  double backward_seconds = 0.0;      ///< wall time of the pairs' gradients, exchanges included
};

/// A student read from a model file. Not to be used by two threads at once.
class IPIP_API Student {
 public:
  /// Reads and checks the file, metadata first.
  /// @throws ipip::Error  the file is missing, cut off, not TorchScript, not a student, of an
  ///                      unknown format version, or a field of its metadata is wrong; or an option
  ///                      is wrong; or the loaded libtorch is not the one ipip was built for
  explicit Student(const std::string& path, const RunOptions& options = {});
  ~Student();
  Student(const Student&) = delete;
  Student& operator=(const Student&) = delete;

  /// What the file says.
  const StudentInfo& info() const { return info_; }

  /// What evaluates it, in a few words: "torchscript" or "fused, avx512, ...".
  std::string backend() const;

  /// Evaluates one step. Collective under an active `HaloExchanger`: one forward exchange for each
  /// of `info().halo_widths`, then the adjoint of each from the last to the first, also without
  /// atoms, without pairs, and when it throws from within the evaluation.
  /// @param graph        atoms and pairs
  /// @param atom_virials whether `results.atom_virials` is wanted
  /// @param results      overwritten
  /// @throws ipip::Error the arrays of `graph` do not fit each other, or the model fails
  void compute(const Graph& graph, bool atom_virials, Results& results);

  /// Bytes of the buffers that are kept between steps.
  double buffer_bytes() const;

 private:
  struct Impl;
  StudentInfo info_;
  std::unique_ptr<Impl> impl_;
};

/// Reads and checks the metadata of a model file without loading the model.
/// @throws ipip::Error  as `Student`
IPIP_API StudentInfo read_info(const std::string& path);

}  // namespace ipip
