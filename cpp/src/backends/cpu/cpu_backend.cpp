// SPDX-License-Identifier: MIT
// Forces and virials of the kernels, whose pairs are in main memory.
//
// e: pair, i: its receiving atom, j: its neighbour, a, b: Cartesian components.
#include "cpu_backend.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "candidate_pairs.hpp"
#include "inference/evaluator.hpp"
#include "inference/make_evaluator.hpp"

namespace ipip {
namespace {

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

class CpuBackend final : public Backend {
 public:
  CpuBackend(std::unique_ptr<cpu::Evaluator> evaluator, double cutoff)
      : evaluator_(std::move(evaluator)), cutoff_(cutoff) {}

  void evaluate(const Graph& graph, const Wanted& wanted, HaloSession& session,
                Results& results) override {
    const bool atom_virials = wanted.atom_virials;
    results.atom_energies.resize(static_cast<std::size_t>(graph.n_local));
    results.forces.assign(3 * graph.species.size(), 0.0);
    results.virial.fill(0.0);
    results.atom_virials.assign(atom_virials ? 9 * graph.species.size() : 0, 0.0);
    results.uncertainties.resize(wanted.uncertainties ? results.atom_energies.size() : 0);
    evaluator_->evaluate(graph, results.atom_energies.data(),
                         wanted.uncertainties ? results.uncertainties.data() : nullptr,
                         [&](std::int64_t begin, std::int64_t end, const double* gradients) {
                           add_forces(graph, begin, end, gradients, results);
                           if (atom_virials) {
                             add_atom_virials(graph, begin, end, gradients, results);
                           }
                         });
    session.require_all_forward();
    const double* const bias = evaluator_->bias_energies();
    results.bias_energies.assign(bias, bias == nullptr ? bias : bias + graph.n_local);
    results.closest.clear();
    results.n_pairs = static_cast<std::int64_t>(graph.receivers.size());
    results.forward_seconds = evaluator_->forward_seconds();
    results.backward_seconds = evaluator_->backward_seconds();
  }

  void features(const Graph& graph, std::vector<double>& rows) override {
    rows.resize(static_cast<std::size_t>(graph.n_local * feature_width()));
    evaluator_->features(graph, rows.data());
  }
  std::int64_t feature_width() const override { return evaluator_->feature_width(); }

  void set_candidates(const Candidates& candidates) override { candidates_.assign(candidates); }

  void evaluate(const double* points, const Wanted& wanted, HaloSession& session,
                Results& results) override {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    const Graph& graph = candidates_.collect(points, cutoff_);
    results.pair_seconds = std::chrono::duration<double>(Clock::now() - start).count();
    evaluate(graph, wanted, session, results);
    candidates_.closest(results.closest);
  }

  std::vector<std::int64_t> exchange_widths() const override {
    return evaluator_->exchange_widths();
  }
  bool makes_adjoints() const override { return false; }
  bool frees_memory_each_step() const override { return false; }
  void release() override {
    evaluator_->release();
    candidates_.release();
  }
  double buffer_bytes() const override { return evaluator_->buffer_bytes() + candidates_.bytes(); }
  std::string description() const override { return evaluator_->description(); }
  bool runs_code() const override { return false; }

 private:
  std::unique_ptr<cpu::Evaluator> evaluator_;
  double cutoff_;  // Å
  cpu::CandidatePairs candidates_;
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(const ModelFile& file, const RunOptions& options) {
  return std::make_unique<CpuBackend>(cpu::make_evaluator(file, options),
                                      file.metadata.info.cutoff);
}

}  // namespace ipip
