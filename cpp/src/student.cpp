// SPDX-License-Identifier: MIT
// What holds for every backend: checks, sessions of exchanges, and reports of failures.
#include "ipip/student.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <new>
#include <utility>

#include "backend.hpp"
#include "candidates.hpp"
#include "halo/halo_session.hpp"
#include "ipip/error.hpp"
#include "ipip/halo.hpp"
#include "make_backend.hpp"
#include "model/model_file.hpp"
#include "warm_up.hpp"

namespace ipip {
namespace {

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

void check_options(const RunOptions& options) {
  if (options.threads < 1) {
    throw Error("threads is " + std::to_string(options.threads) + ", expected 1 or more");
  }
  const Bias& bias = options.bias;
  if (!(bias.energy >= 0.0 && bias.energy <= Bias::kLargestEnergy)) {
    throw Error("bias is " + short_number(bias.energy) + " eV an atom, expected 0 to " +
                short_number(Bias::kLargestEnergy));
  }
  if (!(bias.width > 0.0 && std::isfinite(bias.width))) {
    throw Error("bias_width is " + short_number(bias.width) +
                ", expected a positive score, such as 2 (atoms in training have about 1)");
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

void check_wanted(const Wanted& wanted, bool has_uncertainty) {
  if (wanted.uncertainties && !has_uncertainty) {
    throw Error("its uncertainty is not known: add it with `ipip uncertainty`");
  }
}

std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

// What to do when memory runs out, otherwise the reason as reported.
std::string failure_text(const std::exception& error, std::size_t n_atoms, std::size_t n_pairs) {
  const std::string reason = first_line(error);
  const bool memory = dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
                      dynamic_cast<const OutOfMemory*>(&error) != nullptr;
  if (!memory) return "the student failed (" + reason + ")";
  return "out of memory with " + std::to_string(n_atoms) + " atoms and halo rows and " +
         std::to_string(n_pairs) + " pairs or candidates on this rank (" + reason +
         "): use more ranks on more nodes, or a student with fewer channels";
}

// Runs `work` between steps, and names the file where it fails.
template <typename Work>
void named(const std::string& path, std::size_t n_atoms, std::size_t n_pairs, Work&& work) {
  try {
    work();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(path + ": " + failure_text(error, n_atoms, n_pairs));
  }
}

}  // namespace

struct Student::Impl {
  std::unique_ptr<Backend> backend;
  std::vector<std::int64_t> exchange_widths;
  std::size_t n_candidate_rows = 0;
  std::size_t n_candidates = 0;
  std::int64_t n_places = -1;  // whose contacts were found
  bool has_uncertainty = false;
  std::int64_t n_points = -1;  // that the candidates name; none before they are given
};

Student::Student(const std::string& path, const RunOptions& options) {
  prepare_backend(options.backend);
  check_options(options);
  const ModelFile file = read_model_file(path);
  info_ = file.metadata.info;
  impl_ = std::make_unique<Impl>();
  impl_->backend = make_backend(file, options);
  impl_->has_uncertainty = file.uncertainty.has_value();
  impl_->exchange_widths = impl_->backend->exchange_widths();
}

Student::~Student() = default;

// Runs `evaluate` in a session; if it fails, makes the exchanges that it still owes.
template <typename Evaluate>
void Student::guarded(std::size_t n_atoms, std::size_t n_pairs, Results& results,
                      Evaluate&& evaluate) {
  results.pair_seconds = results.forward_seconds = results.backward_seconds = 0.0;
  HaloSession session(active_halo_exchanger(), impl_->exchange_widths,
                      impl_->backend->makes_adjoints(),
                      info_.dtype == "float32" ? Scalar::float32 : Scalar::float64);
  // The step's memory is freed first: exchanges need memory too.
  const auto fail = [&](const std::string& text) {
    try {
      impl_->backend->release();
      session.finish_failed();
    } catch (const std::exception& error) {
      throw LostExchanges(text + "; nor can it make the exchanges that other ranks wait for (" +
                          first_line(error) + ")");
    }
    throw Error(text);
  };
  try {
    evaluate(session);
  } catch (const Error& error) {
    fail(info_.path + ": " + error.what());
  } catch (const std::exception& error) {
    fail(info_.path + ": " + failure_text(error, n_atoms, n_pairs));
  }
  results.energy = 0.0;
  for (const double e : results.atom_energies) results.energy += e;
}

bool Student::has_uncertainty() const {
  return impl_->has_uncertainty;
}

void Student::compute(const Graph& graph, const Wanted& wanted, Results& results) {
  guarded(graph.species.size(), graph.receivers.size(), results, [&](HaloSession& session) {
    check_graph(graph);
    check_wanted(wanted, impl_->has_uncertainty);
    impl_->backend->evaluate(graph, wanted, session, results);
  });
}

void Student::features(const Graph& graph, std::vector<double>& rows) {
  const HaloScope alone(nullptr);
  Results unused;
  guarded(graph.species.size(), graph.receivers.size(), unused, [&](HaloSession&) {
    check_graph(graph);
    if (graph.n_local != static_cast<std::int64_t>(graph.species.size())) {
      throw Error("features are those of whole systems: expected no halo rows, got " +
                  std::to_string(graph.species.size()) + " rows for " +
                  std::to_string(graph.n_local) + " atoms");
    }
    impl_->backend->features(graph, rows);
  });
}

std::int64_t Student::feature_width() const {
  return impl_->backend->feature_width();
}

std::int64_t Student::widest_exchange() const {
  std::int64_t widest = 0;
  for (const std::int64_t width : impl_->exchange_widths) widest = std::max(widest, width);
  return widest;
}

bool Student::frees_memory_each_step() const {
  return impl_->backend->frees_memory_each_step();
}

// Runs `take`, which sets or finds candidates.
template <typename Take>
void Student::take_candidates(const Candidates& candidates, Take&& take) {
  impl_->n_points = -1;  // earlier ones are void, even if these are refused
  named(info_.path, candidates.species.size(), candidates.neighbours.size(), [&] {
    impl_->n_candidates = static_cast<std::size_t>(take());
    impl_->n_points = static_cast<std::int64_t>(candidates.rows.size());
    impl_->n_candidate_rows = candidates.species.size();
  });
}

void Student::set_candidates(const Candidates& candidates) {
  take_candidates(candidates, [&] {
    check_candidates(candidates);
    impl_->backend->set_candidates(candidates);
    return candidates.neighbours.size();
  });
}

bool Student::finds_candidates() const {
  return impl_->backend->finds_candidates();
}

void Student::find_contacts(const Places& places, const double* points,
                            std::vector<std::uint8_t>& contacts) {
  impl_->n_points = -1;
  impl_->n_places = -1;
  const auto n_points = static_cast<std::int64_t>(places.kinds.size());
  if (places.n_local < 0 || places.n_local > n_points || !(places.reach >= info_.cutoff)) {
    throw Error(std::to_string(n_points) + " places with " + std::to_string(places.n_local) +
                " local atoms and a reach of " + std::to_string(places.reach) +
                " A: expected as many places as local atoms or more, and a reach of the cutoff, " +
                std::to_string(info_.cutoff) + " A, or more");
  }
  named(info_.path, places.kinds.size(), 0,
        [&] { impl_->backend->find_contacts(places, points, contacts); });
  impl_->n_places = n_points;
}

void Student::find_candidates(const Candidates& rows) {
  take_candidates(rows, [&] {
    check_rows(rows);
    if (impl_->n_places < 0) throw Error("no contacts were found");
    if (static_cast<std::int64_t>(rows.rows.size()) != impl_->n_places) {
      throw Error("candidates are searched among " + std::to_string(rows.rows.size()) +
                  " points, expected the " + std::to_string(impl_->n_places) +
                  " whose contacts were found");
    }
    return impl_->backend->find_candidates(rows);
  });
}

void Student::fetch_candidates(Candidates& candidates) const {
  impl_->backend->fetch_candidates(candidates);
}

void Student::compute(const double* points, std::int64_t n_points, const Wanted& wanted,
                      Results& results) {
  guarded(impl_->n_candidate_rows, impl_->n_candidates, results, [&](HaloSession& session) {
    if (impl_->n_points < 0) throw Error("no candidates were given");
    if (n_points < impl_->n_points) {
      throw Error("a step has " + std::to_string(n_points) + " points, expected at least the " +
                  std::to_string(impl_->n_points) + " of its candidates");
    }
    check_wanted(wanted, impl_->has_uncertainty);
    impl_->backend->evaluate(points, wanted, session, results);
  });
  if (results.n_pairs < 0) results.energy = std::numeric_limits<double>::quiet_NaN();
}

void Student::warm_up() {
  const HaloScope alone(nullptr);
  Results results;
  const Graph graph = warm_up_cluster(info_);
  // TorchScript prepares itself during the first calls.
  const Wanted all{true, impl_->has_uncertainty};
  for (int k = 0; k < 2; ++k) compute(graph, all, results);
}

std::map<std::string, std::int64_t> Student::device_calls() const {
  return impl_->backend->device_calls();
}

double Student::buffer_bytes() const {
  return impl_->backend->buffer_bytes();
}

std::string Student::backend() const {
  return impl_->backend->description();
}

std::string Student::notice() const {
  if (!impl_->backend->runs_code()) return {};
  return "backend torchscript runs the program in " + info_.path +
         ": use it only with files from people you trust";
}

}  // namespace ipip
