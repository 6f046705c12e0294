// SPDX-License-Identifier: MIT
// A student evaluated by TorchScript, or by the kernels in fused/ where they can.
//
// e: pair, i: its receiving atom, j: its neighbour, a, b: Cartesian components.
#include "ipip/student.hpp"

#include <ATen/Parallel.h>
#include <torch/autograd.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <tuple>
#include <utility>

#include "archive.hpp"
#include "fused/make_evaluator.hpp"
#include "halo_session.hpp"
#include "ipip/error.hpp"
#include "ipip/halo.hpp"
#include "ipip/version.hpp"
#include "metadata.hpp"

namespace ipip {
namespace {

using torch::Tensor;

torch::jit::Module load_module(const std::string& path) {
  try {
    torch::jit::Module module = torch::jit::load(path, torch::kCPU);
    module.eval();
    for (const Tensor& parameter : module.parameters()) parameter.set_requires_grad(false);
    return module;
  } catch (const std::exception& error) {
    throw Error(path + ": libtorch cannot load it (" + short_reason(error) +
                "); copy it again or export the student again");
  }
}

void check_forward(const torch::jit::Module& module, const std::string& path) {
  constexpr std::size_t n_arguments = 5;  // self, species, edge_index, edge_vec, n_local
  const auto method = module.find_method("forward");
  if (!method || method->function().getSchema().arguments().size() != n_arguments) {
    throw Error(path +
                ": its forward is not forward(species, edge_index, edge_vec, n_local); export the "
                "student again with `ipip export`");
  }
}

void check_options(const RunOptions& options) {
  if (options.device != "cpu") {
    throw Error("device is \"" + options.device + "\", expected \"cpu\"");
  }
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

// Forces and the total virial from g_e = dE/dr_e: F_i += g, F_j -= g, W_ab -= r_a g_b.
void gather_forces(const Graph& graph, const double* gradients, Results& results) {
  results.forces.assign(3 * graph.species.size(), 0.0);
  double* const forces = results.forces.data();
  const double* r = graph.vectors.data();
  const double* g = gradients;
  std::array<double, 9> virial{};
  const std::size_t n_pairs = graph.receivers.size();
  for (std::size_t e = 0; e < n_pairs;) {
    // Pairs are ordered by receiver, whose sum stays in registers.
    const std::int64_t i = graph.receivers[e];
    double x = 0.0, y = 0.0, z = 0.0;
    for (; e < n_pairs && graph.receivers[e] == i; ++e, r += 3, g += 3) {
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
void gather_atom_virials(const Graph& graph, const double* gradients, Results& results) {
  results.atom_virials.assign(9 * graph.species.size(), 0.0);
  const double* r = graph.vectors.data();
  const double* g = gradients;
  for (std::size_t e = 0; e < graph.receivers.size(); ++e, r += 3, g += 3) {
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

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

struct Student::Impl {
  torch::jit::Module module;
  RunOptions options;
  Tensor edge_index;                 // [2, capacity], grows and never shrinks
  std::unique_ptr<Evaluator> fused;  // null where TorchScript evaluates
  std::vector<double> gradients;     // [n_pairs, 3] of the fused evaluator

  Impl(const StudentInfo& info, const RunOptions& run_options)
      : module(load_module(info.path)),
        options(run_options),
        edge_index(torch::empty({2, 0}, torch::kInt64)) {
    check_forward(module, info.path);
    if (options.backend == "torchscript") return;
    std::string reason;
    fused = fused::make_evaluator(module, info, options, reason);
    if (!fused && options.backend == "fused") {
      throw Error(info.path + ": backend fused cannot run it, because " + reason +
                  "; use backend auto or torchscript");
    }
  }

  // Energies into `results`, gradients on pair vectors into `gradients`.
  const double* evaluate_fused(const Graph& graph, Results& results) {
    results.atom_energies.resize(static_cast<std::size_t>(graph.n_local));
    gradients.resize(graph.vectors.size());
    fused->evaluate(graph, results.atom_energies.data(), gradients.data());
    return gradients.data();
  }

  // The pairs as one tensor [2, n_pairs].
  Tensor edges(const Graph& graph) {
    const auto n_pairs = static_cast<std::int64_t>(graph.receivers.size());
    if (edge_index.size(1) < n_pairs) {
      edge_index = torch::empty({2, n_pairs + n_pairs / 4}, torch::kInt64);
    }
    std::copy(graph.receivers.begin(), graph.receivers.end(), edge_index.data_ptr<std::int64_t>());
    std::copy(graph.neighbours.begin(), graph.neighbours.end(),
              edge_index.data_ptr<std::int64_t>() + edge_index.size(1));
    return edge_index.narrow(1, 0, n_pairs);
  }

  // Energies [n_local] and dE/dvectors [n_pairs, 3], both float64, contiguous, without gradient.
  std::pair<Tensor, Tensor> evaluate(const Graph& graph, HaloSession& session, Results& results) {
    // from_blob wants pointers to writable memory; neither the model nor autograd writes into it.
    const auto view = [](const auto& buffer, at::IntArrayRef shape, at::ScalarType type) {
      return torch::from_blob(const_cast<void*>(static_cast<const void*>(buffer.data())), shape,
                              torch::TensorOptions().dtype(type));
    };
    const auto start = std::chrono::steady_clock::now();
    const auto n_pairs = static_cast<std::int64_t>(graph.receivers.size());
    const Tensor species =
        view(graph.species, {static_cast<std::int64_t>(graph.species.size())}, torch::kInt64);
    Tensor vectors = view(graph.vectors, {n_pairs, 3}, torch::kFloat64);
    vectors.set_requires_grad(true);

    const Tensor heads = module.forward({species, edges(graph), vectors, graph.n_local}).toTensor();
    session.require_all_forward();
    if (heads.dim() != 2 || heads.size(0) != graph.n_local) {
      throw Error("the student returned a table of another shape than [n_local, n_heads]");
    }
    const Tensor energies = heads.to(torch::kFloat64).mean(1);
    results.forward_seconds = seconds_since(start);
    const Tensor gradients = differentiate(energies.sum(), vectors, session);
    results.backward_seconds = seconds_since(start) - results.forward_seconds;
    return {energies.detach().contiguous(), gradients.contiguous()};
  }

  // dE/dvectors; the tokens make every exchange's adjoint run (see HaloSession).
  static Tensor differentiate(const Tensor& energy, const Tensor& vectors,
                              const HaloSession& session) {
    std::vector<Tensor> outputs, seeds, inputs = {vectors};
    if (energy.requires_grad()) {
      outputs.push_back(energy);
      seeds.push_back(torch::ones_like(energy));
    }
    if (session.exchanges()) {
      outputs.push_back(session.token());
      seeds.push_back(torch::zeros_like(session.token()));
      inputs.push_back(session.first_token());
    }
    Tensor gradient;
    if (!outputs.empty()) {
      gradient = torch::autograd::grad(outputs, inputs, seeds, std::nullopt,
                                       /*create_graph=*/false, /*allow_unused=*/true)[0];
    }
    return gradient.defined() ? gradient : torch::zeros_like(vectors, torch::kFloat64);
  }
};

Student::Student(const std::string& path, const RunOptions& options) {
  check_options(options);
  require_matching_torch();
  info_ = read_info(path);
  impl_ = std::make_unique<Impl>(info_, options);
}

Student::~Student() = default;

void Student::compute(const Graph& graph, bool atom_virials, Results& results) {
  results.forward_seconds = results.backward_seconds = 0.0;
  Tensor energies = torch::empty({0}, torch::kFloat64);
  Tensor gradients = torch::empty({0, 3}, torch::kFloat64);
  const double* pair_gradients = nullptr;
  HaloSession session(active_halo_exchanger(), info_.halo_widths,
                      info_.dtype == "float32" ? Scalar::float32 : Scalar::float64);
  try {
    check_graph(graph);
    if (impl_->fused) {
      pair_gradients = impl_->evaluate_fused(graph, results);
      results.forward_seconds = impl_->fused->forward_seconds();
      results.backward_seconds = impl_->fused->backward_seconds();
      session.require_all_forward();
    } else {
      const ThreadScope threads(impl_->options.threads);
      const torch::AutoGradMode record(true);
      const torch::jit::GraphOptimizerEnabledGuard no_optimizer(false);
      if (!graph.species.empty() || session.exchanges()) {
        std::tie(energies, gradients) = impl_->evaluate(graph, session, results);
      }
      const double* energy = energies.data_ptr<double>();
      results.atom_energies.assign(energy, energy + energies.numel());
      pair_gradients = gradients.data_ptr<double>();
    }
  } catch (const Error& error) {
    session.finish_failed();
    throw Error(info_.path + ": " + error.what());
  } catch (const std::exception& error) {
    session.finish_failed();
    throw Error(info_.path + ": the student failed (" + short_reason(error) + ")");
  }
  results.energy = 0.0;
  for (const double e : results.atom_energies) results.energy += e;
  gather_forces(graph, pair_gradients, results);
  if (atom_virials) {
    gather_atom_virials(graph, pair_gradients, results);
  } else {
    results.atom_virials.clear();
  }
}

double Student::buffer_bytes() const {
  return static_cast<double>(impl_->edge_index.numel()) * sizeof(std::int64_t) +
         static_cast<double>(impl_->gradients.capacity()) * sizeof(double) +
         (impl_->fused ? impl_->fused->buffer_bytes() : 0.0);
}

std::string Student::backend() const {
  return impl_->fused ? impl_->fused->description() : "torchscript";
}

StudentInfo read_info(const std::string& path) {
  return parse_metadata(read_metadata_text(path), path);
}

}  // namespace ipip
