// SPDX-License-Identifier: MIT
// A student evaluated by TorchScript, or by the kernels where they can.
//
// e: pair, i: its receiving atom, j: its neighbour, a, b: Cartesian components.
#include "ipip/student.hpp"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

#include "backends/cpu/inference/make_evaluator.hpp"
#include "backends/cpu/inference/painn_model.hpp"
#include "backends/torchscript/scripted_student.hpp"
#include "backends/torchscript/short_reason.hpp"
#include "evaluator.hpp"
#include "halo/halo_session.hpp"
#include "ipip/error.hpp"
#include "ipip/halo.hpp"
#include "ipip/version.hpp"
#include "model/model_file.hpp"
#include "warm_up.hpp"

namespace ipip {
namespace {

void check_options(const RunOptions& options) {
  if (options.backend != "auto" && options.backend != "fused" && options.backend != "torchscript") {
    throw Error("backend is \"" + options.backend + "\", expected auto, fused or torchscript");
  }
  if (options.threads < 1) {
    throw Error("threads is " + std::to_string(options.threads) + ", expected 1 or more");
  }
}

void check_graph(const Graph& graph) {
  const std::size_t n_pairs = graph.receivers.size();
  if (graph.n_local < 0 || graph.n_local > static_cast<std::int64_t>(graph.species.size()) ||
      graph.neighbours.size() != n_pairs || graph.vectors.size() != 3 * n_pairs) {
    throw Error("graph with " + std::to_string(graph.n_local) + " local atoms, " +
                std::to_string(graph.species.size()) + " species, " + std::to_string(n_pairs) +
                " receivers, " + std::to_string(graph.neighbours.size()) + " neighbours, " +
                std::to_string(graph.vectors.size()) +
                " vector components: the arrays do not fit each other");
  }
}

// Runs a scope with a given number of torch's threads; the count is global to the process.
class ThreadScope {
 public:
  explicit ThreadScope(int threads) : previous_(at::get_num_threads()) { set(threads); }
  ~ThreadScope() { set(previous_); }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  static void set(int threads) {
    if (at::get_num_threads() != threads) at::set_num_threads(threads);
  }
  int previous_;
};

// Forces and the total virial from g_e = dE/dr_e of pairs [begin, end): F_i += g, F_j -= g,
// W_ab -= r_a g_b.
void add_forces(const Graph& graph, std::int64_t begin, std::int64_t end, const double* g,
                Results& results) {
  double* const forces = results.forces.data();
  const double* r = graph.vectors.data() + 3 * begin;
  std::array<double, 9> virial = results.virial;
  for (std::int64_t e = begin; e < end;) {
    // Pairs are ordered by receiver, whose sum stays in registers.
    const std::int64_t i = graph.receivers[e];
    double x = 0.0, y = 0.0, z = 0.0;
    for (; e < end && graph.receivers[e] == i; ++e, r += 3, g += 3) {
      double* on_neighbour = forces + 3 * graph.neighbours[e];
      x += g[0];
      y += g[1];
      z += g[2];
      on_neighbour[0] -= g[0];
      on_neighbour[1] -= g[1];
      on_neighbour[2] -= g[2];
      for (int a = 0; a < 3; ++a) {
        for (int b = 0; b < 3; ++b) virial[3 * a + b] -= r[a] * g[b];
      }
    }
    forces[3 * i] += x;
    forces[3 * i + 1] += y;
    forces[3 * i + 2] += z;
  }
  results.virial = virial;
}

// Half of each pair's virial to each of its atoms: the pair is a group of two, its centroid the
// middle (Surblys et al., Phys. Rev. E 99, 051301 (2019), the definition behind LAMMPS' cvatom).
void add_atom_virials(const Graph& graph, std::int64_t begin, std::int64_t end, const double* g,
                      Results& results) {
  const double* r = graph.vectors.data() + 3 * begin;
  for (std::int64_t e = begin; e < end; ++e, r += 3, g += 3) {
    double* of_receiver = &results.atom_virials[9 * static_cast<std::size_t>(graph.receivers[e])];
    double* of_neighbour = &results.atom_virials[9 * static_cast<std::size_t>(graph.neighbours[e])];
    for (int a = 0; a < 3; ++a) {
      for (int b = 0; b < 3; ++b) {
        const double half = -0.5 * r[a] * g[b];
        of_receiver[3 * a + b] += half;
        of_neighbour[3 * a + b] += half;
      }
    }
  }
}

// What to do where memory ends, and else the reason as it is told.
std::string failure_text(const std::exception& error, std::size_t n_atoms, std::size_t n_pairs) {
  const std::string reason = short_reason(error);
  const bool memory = dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
                      dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
                      reason.find("can't allocate memory") != std::string::npos ||
                      reason.find("out of memory") != std::string::npos;
  if (!memory) return "the student failed (" + reason + ")";
  return "out of memory with " + std::to_string(n_atoms) + " atoms and halo rows and " +
         std::to_string(n_pairs) + " pairs or candidates on this rank (" + reason +
         "): use more ranks on more nodes, or a student with fewer channels";
}

}  // namespace

struct Student::Impl {
  RunOptions options;
  std::unique_ptr<Evaluator> fused;  // one of the two
  std::unique_ptr<ScriptedStudent> scripted;
  std::vector<std::int64_t> exchange_widths;

  Impl(const ModelFile& file, const RunOptions& run_options) : options(run_options) {
    if (options.backend == "torchscript") {
      check_code(file);
      scripted =
          std::make_unique<ScriptedStudent>(load_module(file, options.device), options.device);
    } else {
      fused = make_fused(file);
    }
    exchange_widths = fused ? fused->exchange_widths() : file.metadata.info.halo_widths;
  }

  // The kernels, which read numbers only; or what is to be done where there are none. To run the
  // program in a file is for the user to choose, never a default.
  std::unique_ptr<Evaluator> make_fused(const ModelFile& file) const {
    std::string reason = "the kernels run on the cpu and device is " + options.device;
    if (options.device == "cpu") {
      auto kernels = fused::make_evaluator(file, options, reason);
      if (kernels) return kernels;
    }
    throw Error(file.metadata.info.path + ": backend " + options.backend +
                " cannot run it, because " + reason +
                "; backend torchscript runs the program that is in the file: choose it if you "
                "trust whoever made the file");
  }

  // Forces and virials too: pairs are in main memory.
  void evaluate_fused(const Graph& graph, bool atom_virials, HaloSession& session,
                      Results& results) {
    results.atom_energies.resize(static_cast<std::size_t>(graph.n_local));
    results.forces.assign(3 * graph.species.size(), 0.0);
    results.virial.fill(0.0);
    results.atom_virials.assign(atom_virials ? 9 * graph.species.size() : 0, 0.0);
    fused->evaluate(graph, results.atom_energies.data(),
                    [&](std::int64_t begin, std::int64_t end, const double* gradients) {
                      add_forces(graph, begin, end, gradients, results);
                      if (atom_virials) add_atom_virials(graph, begin, end, gradients, results);
                    });
    session.require_all_forward();
    results.closest.clear();
    results.n_pairs = static_cast<std::int64_t>(graph.receivers.size());
    results.forward_seconds = fused->forward_seconds();
    results.backward_seconds = fused->backward_seconds();
  }
};

Student::Student(const std::string& path, const RunOptions& options) {
  check_options(options);
  require_matching_torch();
  const ModelFile file = read_model_file(path);
  info_ = file.metadata.info;
  impl_ = std::make_unique<Impl>(file, options);
}

Student::~Student() = default;

// Runs `evaluate` in a session and makes the exchanges that it owes if it fails.
template <typename Evaluate>
void Student::guarded(std::size_t n_atoms, std::size_t n_pairs, Results& results,
                      Evaluate&& evaluate) {
  results.pair_seconds = results.forward_seconds = results.backward_seconds = 0.0;
  HaloSession session(active_halo_exchanger(), impl_->exchange_widths, impl_->fused == nullptr,
                      info_.dtype == "float32" ? Scalar::float32 : Scalar::float64);
  // What the step has taken is given back first: exchanges need memory too.
  const auto fail = [&](const std::string& text) {
    try {
      if (impl_->fused) impl_->fused->release();
      session.finish_failed();
    } catch (const std::exception& error) {
      throw LostExchanges(text + "; nor can it make the exchanges that other ranks wait for (" +
                          short_reason(error) + ")");
    }
    throw Error(text);
  };
  try {
    const ThreadScope threads(impl_->options.threads);
    evaluate(session);
  } catch (const Error& error) {
    fail(info_.path + ": " + error.what());
  } catch (const std::exception& error) {
    fail(info_.path + ": " + failure_text(error, n_atoms, n_pairs));
  }
  results.energy = 0.0;
  for (const double e : results.atom_energies) results.energy += e;
}

void Student::compute(const Graph& graph, bool atom_virials, Results& results) {
  guarded(graph.species.size(), graph.receivers.size(), results, [&](HaloSession& session) {
    check_graph(graph);
    if (impl_->fused) {
      impl_->evaluate_fused(graph, atom_virials, session, results);
    } else {
      impl_->scripted->evaluate(graph, atom_virials, session, results);
    }
  });
}

std::int64_t Student::widest_exchange() const {
  std::int64_t widest = 0;
  for (const std::int64_t width : impl_->exchange_widths) widest = std::max(widest, width);
  return widest;
}

bool Student::takes_candidates() const {
  return impl_->scripted != nullptr;
}

void Student::set_candidates(const Candidates& candidates) {
  if (!takes_candidates()) {
    throw Error("backend fused takes the pairs of each step, not candidates: use torchscript");
  }
  try {
    impl_->scripted->resident().assign(candidates);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(info_.path + ": " +
                failure_text(error, candidates.species.size(), candidates.receivers.size()));
  }
}

void Student::compute(const double* points, std::int64_t n_points, bool atom_virials,
                      Results& results) {
  if (!takes_candidates()) throw Error("backend fused has no candidates: use torchscript");
  const ResidentPairs& resident = impl_->scripted->resident();
  guarded(resident.n_total(), resident.n_candidates(), results, [&](HaloSession& session) {
    impl_->scripted->evaluate(points, n_points, info_.cutoff, atom_virials, session, results);
  });
}

void Student::warm_up() {
  const HaloScope alone(nullptr);
  Results results;
  const Graph graph = warm_up_cluster(info_);
  // TorchScript prepares itself during the first calls.
  for (int k = 0; k < 2; ++k) compute(graph, true, results);
}

double Student::buffer_bytes() const {
  return impl_->fused ? impl_->fused->buffer_bytes() : impl_->scripted->host_bytes();
}

std::string Student::backend() const {
  return impl_->fused ? impl_->fused->description() : impl_->scripted->description();
}

std::string kernels_refusal(const std::string& path) {
  return fused::refusal(read_metadata(path));
}

std::string Student::notice() const {
  if (impl_->fused) return {};
  return "backend torchscript runs the program in " + info_.path +
         ": use it only with files from people you trust";
}

}  // namespace ipip
