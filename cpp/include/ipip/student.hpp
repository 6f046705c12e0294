// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
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
  std::vector<std::int64_t> halo_widths;   ///< numbers per atom in each exchange of the module
  std::string dtype;                       ///< "float32" or "float64", precision of the network
  std::int64_t n_heads = 0;                ///< energies per atom; their mean is the energy
  std::vector<double> reference_energies;  ///< [n_species] eV, energies of free atoms
  std::string weights_digest;              ///< "sha256:..." of the weights
  std::string citation;                    ///< what to cite for the architecture
};

/// Bias energy that drives a run to where the student is uncertain, see model/bias.hpp.
struct Bias {
  static constexpr double kLargestEnergy = 2.0;  ///< eV, of an atom: half of a strong bond's
  double energy = 0.0;                           ///< eV, largest energy of an atom; 0 for no bias
  double width = 2.0;  ///< score that reaches 1 - 1/e of `energy`; training atoms: ~1

  /// Whether atoms are biased at all.
  bool on() const { return energy > 0.0; }
};

/// How to run a student.
struct RunOptions {
  std::string device = "cpu";  ///< "cpu", or "cuda:k" for the torchscript backend
  int threads = 1;             ///< threads of one evaluation, 1 or more
  /// "kernels": hand-written for PaiNN, on the CPU, reading only numbers from the file; "auto": the
  /// same; "torchscript": any student, on any device, by the program in the file. See
  /// `backend_name`.
  std::string backend = "auto";
  /// Of the kernels: "auto" for the best that this processor runs, or "avx512", "avx2", "neon" or
  /// "generic".
  std::string instruction_set = "auto";
  /// Largest error of the kernels' radial tables over the largest value and slope; 0 for
  /// 3e-7 with float32 and 1e-10 with float64.
  double table_error = 0.0;
  /// Mean number of pairs per atom, over the atoms of a block, up to which the kernels take the
  /// first layer's matrix products from tables too; negative for wherever tables are faster. Both
  /// ways yield the same, to rounding.
  double most_tabulated_pairs = -1.0;
  /// Whether the kernels handle pairs of atoms without other neighbours separately, which is faster
  /// and yields the same, to rounding.
  bool lone_pairs = true;
  /// For a student with an uncertainty.
  Bias bias = {};
};

/// Atoms and directed pairs of one step. The caller keeps it between steps, so that nothing is
/// allocated once it has grown.
///
/// The pair vector of pair e points from the receiving atom to its neighbour:
///     vectors[e] = position(neighbours[e]) - position(receivers[e])
/// Every pair closer than the cutoff appears once in each direction, where both atoms are local
/// rows; else once here and in the other direction on the rank of the other atom. Pairs are ordered
/// by receiver.
struct Graph {
  std::int64_t n_local = 0;              ///< rows [0, n_local) are atoms that get an energy
  std::vector<std::int64_t> species;     ///< [n_total] index into StudentInfo::symbols
  std::vector<std::int64_t> receivers;   ///< [n_pairs] row of the receiving atom, < n_local
  std::vector<std::int64_t> neighbours;  ///< [n_pairs] row of its neighbour, < n_total
  std::vector<double> vectors;           ///< [n_pairs, 3] Å, see above
};

/// Pairs that may come closer than the cutoff before the next list: the pairs of a neighbour list,
/// which reaches a skin beyond the cutoff. Each step brings positions only.
///
/// A point is a place in space: an atom, or an image of one. Candidates c of row i are
/// [first[i], first[i + 1]); the pair vector of one is
///     x[neighbours[c]] - x[centres[i]],
/// and it is a pair of the step where it is shorter than the cutoff. As in a `Graph`, each pair is
/// there in both directions.
struct Candidates {
  std::vector<std::int64_t> species;     ///< [n_total] index into StudentInfo::symbols
  std::vector<std::int32_t> rows;        ///< [n_points] row of the atom that a point shows; -1 for
                                         ///< a point of no candidate
  std::vector<std::int32_t> types;       ///< [n_points] < n_types, for the smallest distances
  std::vector<std::int32_t> centres;     ///< [n_local] point of each atom that gets an energy
  std::vector<std::int64_t> first;       ///< [n_local + 1] first candidate of each row, then all
  std::vector<std::int32_t> neighbours;  ///< [n_candidates] point of the neighbour
  std::int32_t n_types = 0;              ///< types of points

  /// Atoms that get an energy.
  std::int64_t n_local() const { return static_cast<std::int64_t>(centres.size()); }

  /// Number of pairs of types, each with a smallest distance.
  std::int64_t n_kinds() const { return std::int64_t{n_types} * (n_types + 1) / 2; }

  /// Index of a pair of types, in either order, among (0, 0) (0, 1) .. (0, n - 1) (1, 1) ..
  std::int64_t kind(std::int64_t a, std::int64_t b) const {
    if (a > b) std::swap(a, b);
    return a * n_types - a * (a - 1) / 2 + b - a;
  }
};

/// Points among which a student finds candidates by itself.
struct Places {
  static constexpr std::uint8_t kAbsent = 0;  ///< not a neighbour of any atom
  static constexpr std::uint8_t kOwn = 1;     ///< an atom of this rank, or an image of one
  static constexpr std::uint8_t kRemote = 2;  ///< an image of an atom of another rank

  std::vector<std::uint8_t> kinds;  ///< [n_points] one of the above
  std::int64_t n_local = 0;         ///< points [0, n_local) are this rank's atoms, the rest images
  double reach = 0.0;               ///< Å; points closer than this are candidates
};

/// What a step yields besides forces.
struct Wanted {
  bool atom_virials = false;   ///< nine numbers for each row, see `Results::atom_virials`
  bool uncertainties = false;  ///< of a student that has them, see `Student::has_uncertainty`
  /// Energies, the virial and the number of pairs. A step on a device leaves them out unless
  /// requested: then `atom_energies` is empty, and the others are NaN or -1.
  bool totals = true;
};

/// Energies, forces and virials of one step, reused between steps. A bias is part of all of them.
///
/// With g = dE/dvectors[e], pair e adds +g to the force on its receiver and -g to that on its
/// neighbour. Its virial is w = -vectors[e] (x) g (the sign of LAMMPS: sum of r (x) F), nine
/// numbers in row-major order xx xy xz yx yy yz zx zy zz.
struct Results {
  double energy = 0.0;                ///< eV, sum over local atoms
  std::vector<double> atom_energies;  ///< [n_local] eV
  std::vector<double> forces;         ///< [n_total, 3] eV/Å; add a halo row's to its
                                      ///< owner's: only that sum is defined
  std::array<double, 9> virial{};     ///< eV, sum over pairs
  std::vector<double> atom_virials;   ///< [n_total, 9] eV, half of each pair's to each atom;
                                      ///< empty unless requested
  std::vector<double> uncertainties;  ///< [n_local] eV/Å, expected norm of the error of the force
                                      ///< on each atom; empty unless requested
  std::vector<double> bias_energies;  ///< [n_local] eV, contained in `atom_energies`; empty
                                      ///< without a bias
  std::vector<double> closest;        ///< [n_kinds] Å, smallest distance of each pair of types of
                                      ///< candidates, the cutoff if none is closer; empty for a
                                      ///< `Graph`
  std::int64_t n_pairs = 0;           ///< pairs closer than the cutoff; -1 where not counted
  double pair_seconds = 0.0;          ///< wall time of finding the pairs among candidates
  double forward_seconds = 0.0;       ///< wall time of the energies, without exchanges
  double backward_seconds = 0.0;      ///< wall time of the pairs' gradients, without exchanges
};

/// A student read from a model file. Not to be used by two threads at once.
class IPIP_API Student {
 public:
  /// Reads and checks the file, metadata first.
  /// Nothing in the file is run unless `options.backend` is torchscript; then digests are compared
  /// before loading, and the module's weights with the plain ones after.
  /// @throws ipip::Error  the file is missing, cut off, not TorchScript, not a student, of an
  ///                      unknown format version, or its metadata, weights and digests contradict
  ///                      each other; or an option is wrong, or the backend does not run this
  ///                      student; or the loaded libtorch is not the one ipip was built for
  explicit Student(const std::string& path, const RunOptions& options = {});
  ~Student();
  Student(const Student&) = delete;
  Student& operator=(const Student&) = delete;

  /// What the file says.
  const StudentInfo& info() const { return info_; }

  /// What evaluates it, in a few words: "torchscript on cuda:0" or "kernels, avx512, ...".
  std::string backend() const;

  /// What a user has to know about the backend, for a log; empty if nothing.
  std::string notice() const;

  /// Whether the file has an uncertainty (`ipip uncertainty`).
  bool has_uncertainty() const;

  /// Whether each step allocates and frees much main memory: a program that does little else should
  /// then keep freed memory.
  bool frees_memory_each_step() const;

  /// Evaluates a small cluster, without exchanges, so that threads, kernels and libraries are ready
  /// and a model that cannot run fails now.
  /// @throws ipip::Error  the model fails
  void warm_up();

  /// Numbers per row of the widest exchange of a step; 0 without exchanges.
  std::int64_t widest_exchange() const;

  /// Evaluates one step. Collective under an active `HaloExchanger`: every rank makes the same
  /// exchanges, even without atoms or pairs, and when the evaluation throws.
  /// TorchScript makes a forward exchange for each of `info().halo_widths`, then the adjoint of
  /// each from the last to the first; the kernels make as many forward exchanges of what
  /// atoms send, then as many of their gradients.
  /// @param graph   atoms and pairs
  /// @param wanted  what `results` holds besides energies and forces
  /// @param results overwritten
  /// @throws ipip::Error the arrays of `graph` do not fit each other, or the model fails, or the
  ///                     student has no uncertainties and they are wanted;
  ///                     `LostExchanges` where it leaves other ranks waiting
  void compute(const Graph& graph, const Wanted& wanted, Results& results);

  /// The final invariant features of each atom, from which the readout computes energies. No
  /// exchanges: all rows of the graph are local.
  /// @param graph  atoms and pairs
  /// @param rows   [n_local, feature_width()], overwritten
  /// @throws ipip::Error  the arrays of `graph` do not fit each other or it has halo rows, the
  ///                      model fails, or the program of the torchscript backend has no features
  void features(const Graph& graph, std::vector<double>& rows);
  std::int64_t feature_width() const;

  /// Sets the candidates of the steps that follow. A backend that computes in main memory does not
  /// copy them: the caller leaves them unchanged until the next call.
  /// @throws ipip::Error  the arrays do not fit each other; no candidates are set then
  void set_candidates(const Candidates& candidates);

  /// Whether the student finds candidates itself, where its data is. Then, instead of
  /// `set_candidates`, call `find_contacts`, assign rows to atoms by its result, and call
  /// `find_candidates`.
  bool finds_candidates() const;

  /// Finds which points touch other ranks.
  /// @param places    kinds of the points
  /// @param points    [n_points, 3] Å
  /// @param contacts  [n_points], overwritten: 1 for an atom of this rank that has a remote point
  ///                  within reach, and for a remote point that has an atom of this rank
  /// @throws ipip::Error  `places` do not fit each other, or a position is not a number
  void find_contacts(const Places& places, const double* points,
                     std::vector<std::uint8_t>& contacts);

  /// Sets rows, and finds their candidates among the points of `find_contacts`: points within reach
  /// that are not absent, except the row's own point. Every candidate has a row then.
  /// @param rows  candidates whose `first` and `neighbours` are empty
  /// @throws ipip::Error  as `set_candidates`
  void find_candidates(const Candidates& rows);

  /// Copies `first` and `neighbours` of the candidates found, for inspection.
  void fetch_candidates(Candidates& candidates) const;

  /// Evaluates one step of the candidates. Collective as `compute` of a graph.
  /// @param points   [n_points, 3] Å
  /// @param n_points at least those of the candidates
  /// @param wanted   as above
  /// @param results  overwritten
  /// @throws ipip::Error as above, or there are fewer points than the candidates have
  void compute(const double* points, std::int64_t n_points, const Wanted& wanted, Results& results);

  /// Bytes in main memory that are kept between steps: weights, buffers, copies of candidates.
  double buffer_bytes() const;

  /// Numbers of allocations, launches, copies, replays and waits on a device so far;
  /// empty where there is none.
  std::map<std::string, std::int64_t> device_calls() const;

 private:
  struct Impl;
  template <typename Evaluate>
  void guarded(std::size_t n_atoms, std::size_t n_pairs, Results& results, Evaluate&& evaluate);

  template <typename Take>
  void take_candidates(const Candidates& candidates, Take&& take);

  StudentInfo info_;
  std::unique_ptr<Impl> impl_;
};

/// Reads and checks the metadata of a model file without loading the model.
/// @throws ipip::Error  as `Student`
IPIP_API StudentInfo read_info(const std::string& path);

/// Reads and checks all of a model file, its weights too; nothing in it is run.
/// @throws ipip::Error  as `Student`
IPIP_API StudentInfo check_file(const std::string& path);

}  // namespace ipip
