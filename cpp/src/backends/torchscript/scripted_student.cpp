// SPDX-License-Identifier: MIT
// e: pair, i: its receiving atom, j: its neighbour, g_e = dE/dr_e.
#include "scripted_student.hpp"

#include <ATen/Parallel.h>
#include <c10/core/AutogradState.h>
#include <c10/core/DeviceGuard.h>
#include <torch/autograd.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/cuda.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "halo_tokens.hpp"
#include "ipip/error.hpp"
#include "plain_failure.hpp"

namespace ipip {
namespace {

using torch::Tensor;

// Autograd runs the nodes of a GPU on another thread unless switched off; exchanges are MPI calls
// and stay on the calling thread.
class OneThreadBackward {
 public:
  OneThreadBackward() : previous_(state().get_multithreading_enabled()) {
    state().set_multithreading_enabled(false);
  }
  ~OneThreadBackward() { state().set_multithreading_enabled(previous_); }
  OneThreadBackward(const OneThreadBackward&) = delete;
  OneThreadBackward& operator=(const OneThreadBackward&) = delete;

 private:
  static c10::AutogradState& state() { return c10::AutogradState::get_tls_state(); }
  bool previous_;
};

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

// Puts a number on the device, to check that it exists.
torch::Device usable_device(const std::string& name) {
  try {
    const torch::Device device(name);
    torch::zeros({1}, torch::TensorOptions().device(device));
    return device;
  } catch (const std::exception& error) {
    throw Error("device is " + name + ", but libtorch cannot use it (" + short_reason(error) +
                "): use device cpu, or a libtorch and a driver that support the device");
  }
}

// Module::to() writes into the old tensors, which not every device allows; this puts new ones.
void move(torch::jit::Module& module, torch::Device device) {
  for (auto child : module.modules()) {
    for (const auto& item : child.named_attributes(/*recurse=*/false)) {
      if (item.value.isTensor())
        child.setattr(item.name, item.value.toTensor().detach().to(device));
    }
  }
}

// The file has its weights twice, as plain arrays and within the module: a check of one copy must
// hold for the other.
void require_same_weights(const torch::jit::Module& module, const Arrays& weights) {
  std::set<std::string> names;
  const auto compare = [&](const std::string& name, const Tensor& tensor) {
    const auto found = weights.find(name);
    const Tensor values = tensor.contiguous();
    const bool same =
        found != weights.end() &&
        c10::toString(values.scalar_type()) ==
            std::string(found->second.number == Number::float32 ? "Float" : "Double") &&
        values.sizes().vec() == found->second.shape &&
        values.nbytes() == found->second.bytes.size() &&
        std::memcmp(values.const_data_ptr(), found->second.bytes.data(), values.nbytes()) == 0;
    if (!same) {
      throw Error("weight " + name.substr(0, 60) +
                  " of its TorchScript is not the one in ipip.safetensors; export it again");
    }
    names.insert(name);
  };
  for (const auto& item : module.named_parameters()) compare(item.name, item.value);
  for (const auto& item : module.named_buffers()) compare(item.name, item.value);
  for (const auto& [name, array] : weights) {
    if (names.count(name) == 0) {
      throw Error("its TorchScript has no weight " + name.substr(0, 60) +
                  ", but ipip.safetensors has; export it again");
    }
  }
}

// A view of an array of the caller; from_blob wants a pointer to writable memory, but neither the
// model nor autograd writes into it.
template <typename T>
Tensor view(const std::vector<T>& buffer, at::IntArrayRef shape, at::ScalarType type) {
  return torch::from_blob(const_cast<T*>(buffer.data()), shape, torch::TensorOptions().dtype(type));
}

// dE/dvectors; the tokens make every exchange's adjoint run.
Tensor differentiate(const Tensor& energy, const Tensor& vectors, const HaloTokens& tokens) {
  std::vector<Tensor> outputs, seeds, inputs = {vectors};
  if (energy.requires_grad()) {
    outputs.push_back(energy);
    seeds.push_back(torch::ones_like(energy));
  }
  if (tokens.first().defined()) {
    outputs.push_back(tokens.last());
    seeds.push_back(torch::zeros_like(tokens.last()));
    inputs.push_back(tokens.first());
  }
  Tensor gradient;
  if (!outputs.empty()) {
    gradient = torch::autograd::grad(outputs, inputs, seeds, std::nullopt,
                                     /*create_graph=*/false, /*allow_unused=*/true)[0];
  }
  return gradient.defined() ? gradient : torch::zeros_like(vectors);
}

// Unpacks the device's results, in the order in which they were packed, from one table in main
// memory.
class Unpacker {
 public:
  explicit Unpacker(const Tensor& packed)
      : host_(packed.to(torch::kCPU).contiguous()), next_(host_.data_ptr<double>()) {}
  void take(std::int64_t count, std::vector<double>& out) {
    out.assign(next_, next_ + count);
    next_ += count;
  }
  void take(std::array<double, 9>& out) {
    std::copy_n(next_, out.size(), out.begin());
    next_ += out.size();
  }

 private:
  Tensor host_;
  const double* next_;
};

// Scores of the atoms, then their species.
void take_errors(Unpacker& out, std::int64_t n_local, const Uncertainty& uncertainty,
                 std::vector<double>& errors) {
  std::vector<double> species;
  out.take(n_local, errors);
  out.take(n_local, species);
  for (std::size_t i = 0; i < species.size(); ++i) {
    errors[i] = uncertainty.expected_error(static_cast<std::int64_t>(species[i]), errors[i]);
  }
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

torch::jit::Module load_module(const ModelFile& file, torch::Device device) {
  const std::string& path = file.metadata.info.path;
  constexpr std::size_t n_arguments = 5;  // self, species, edge_index, edge_vec, n_local
  torch::jit::Module module;
  try {
    module = torch::jit::load(path, torch::kCPU);
    require_same_weights(module, file.weights);
    if (!device.is_cpu()) move(module, device);
    module.eval();
    for (const Tensor& parameter : module.parameters()) parameter.set_requires_grad(false);
  } catch (const Error& error) {
    throw Error(path + ": " + error.what());
  } catch (const std::exception& error) {
    throw Error(path + ": libtorch cannot load it (" + short_reason(error) +
                "); copy it again or export the student again");
  }
  const auto method = module.find_method("forward");
  if (!method || method->function().getSchema().arguments().size() != n_arguments) {
    throw Error(path +
                ": its forward is not forward(species, edge_index, edge_vec, n_local); export the "
                "student again with `ipip export`");
  }
  return module;
}

}  // namespace

ScriptedStudent::ScriptedStudent(const ModelFile& file, const RunOptions& options)
    : device_(usable_device(options.device)),
      threads_(options.threads),
      cutoff_(file.metadata.info.cutoff),
      exchange_widths_(file.metadata.info.halo_widths),
      feature_width_(ipip::feature_width(file)),
      uncertainty_(file.uncertainty),
      bias_(options.bias),
      module_(load_module(file, device_)),
      resident_(device_) {}

void ScriptedStudent::set_candidates(const Candidates& candidates) {
  plainly([&] {
    const ThreadScope threads(threads_);
    resident_.assign(candidates);
  });
}

Tensor ScriptedStudent::species_of(const Graph& graph) const {
  const auto n_total = static_cast<std::int64_t>(graph.species.size());
  return view(graph.species, {n_total}, torch::kInt64).to(device_);
}

StepPairs ScriptedStudent::pairs_of(const Graph& graph) const {
  const auto n_pairs = static_cast<std::int64_t>(graph.receivers.size());
  StepPairs pairs;
  pairs.edge_index = torch::stack({view(graph.receivers, {n_pairs}, torch::kInt64),
                                   view(graph.neighbours, {n_pairs}, torch::kInt64)})
                         .to(device_);
  pairs.vectors = view(graph.vectors, {n_pairs, 3}, torch::kFloat64).to(device_);
  pairs.closest = torch::empty({0}, pairs.vectors.options());
  return pairs;
}

void ScriptedStudent::evaluate(const Graph& graph, const Wanted& wanted, HaloSession& session,
                               Results& results) {
  plainly([&] {
    const ThreadScope threads(threads_);
    run(species_of(graph), graph.n_local, pairs_of(graph), wanted, session, results);
  });
}

void ScriptedStudent::features(const Graph& graph, std::vector<double>& rows) {
  plainly([&] {
    const ThreadScope threads(threads_);
    const torch::NoGradGuard no_gradients;
    const c10::OptionalDeviceGuard on_device(device_);
    const Tensor table = features_of(species_of(graph), graph.n_local, pairs_of(graph));
    Unpacker(table.to(torch::kFloat64).flatten()).take(table.numel(), rows);
  });
}

Tensor ScriptedStudent::features_of(const Tensor& species, std::int64_t n_local,
                                    const StepPairs& pairs) {
  const auto method = module_.find_method("features");
  if (!method) throw Error("its TorchScript has no features; export the student again");
  Tensor table = (*method)({species, pairs.edge_index, pairs.vectors, n_local}).toTensor();
  if (table.dim() != 2 || table.size(0) != n_local || table.size(1) != feature_width_) {
    throw Error("the student returned features of another shape than its readout takes");
  }
  return table;
}

// What forward() of every student makes of its features (ipip.models.student).
Tensor ScriptedStudent::heads_of(const Tensor& features, const Tensor& species,
                                 std::int64_t n_local, const StepPairs& pairs) {
  const auto tensor = [&](const char* name) { return module_.attr(name).toTensor(); };
  const Tensor own = species.slice(0, 0, n_local);
  const Tensor net = module_.attr("readout").toModule().forward({features}).toTensor();
  Tensor heads = net.to(torch::kFloat64) * tensor("scale").index_select(0, own).unsqueeze(-1);
  const Tensor zero = tensor("reference_energies") + tensor("shift");
  heads = heads + zero.index_select(0, own).unsqueeze(-1);
  if (!module_.attr("has_zbl").toBool()) return heads;
  torch::jit::Module core = module_.attr("core").toModule();
  return heads +
         core.forward({species, pairs.edge_index, pairs.vectors, n_local}).toTensor().unsqueeze(-1);
}

// |W_z (h - m_z)|^2 of local atoms, [n_local].
Tensor ScriptedStudent::squared_scores_of(const Tensor& features, const Tensor& species) const {
  const Uncertainty& u = *uncertainty_;
  const Tensor h = features.to(torch::kFloat64);
  const Tensor own = species.slice(0, 0, h.size(0));
  const Tensor whitening = view(u.whitening, {u.n_species, u.width, u.width}, torch::kFloat64);
  const Tensor means = view(u.means, {u.n_species, u.width}, torch::kFloat64);
  Tensor squared = torch::zeros({h.size(0)}, h.options().requires_grad(false));
  for (std::int64_t z = 0; z < u.n_species; ++z) {
    const Tensor rows = (own == z).nonzero().squeeze(1);
    const Tensor centred = h.index_select(0, rows) - means[z].to(h.device());
    const Tensor whitened = centred.mm(whitening[z].to(h.device()).t());
    squared = squared.index_add(0, rows, whitened.square().sum(1));
  }
  return squared;
}

void ScriptedStudent::evaluate(const double* points, const Wanted& wanted, HaloSession& session,
                               Results& results) {
  plainly([&] {
    const ThreadScope threads(threads_);
    const auto start = std::chrono::steady_clock::now();
    const StepPairs pairs = resident_.collect(points, cutoff_);
    const double seconds = seconds_since(start);
    run(resident_.species(), resident_.n_local(), pairs, wanted, session, results);
    results.pair_seconds = seconds;
  });
}

void ScriptedStudent::run(const Tensor& species, std::int64_t n_local, const StepPairs& pairs,
                          const Wanted& wanted, HaloSession& session, Results& results) {
  const torch::AutoGradMode record(true);
  const OneThreadBackward one_thread;
  const c10::OptionalDeviceGuard on_device(device_);
  const torch::jit::GraphOptimizerEnabledGuard no_optimizer(false);
  const auto start = std::chrono::steady_clock::now();
  const double exchanged = session.seconds();
  const auto seconds_so_far = [&] {
    return seconds_since(start) - (session.seconds() - exchanged);
  };
  const HaloTokens tokens(session);
  const Tensor vectors = pairs.vectors.detach().set_requires_grad(true);
  Tensor heads, squared_scores, bias;
  if (wanted.uncertainties || bias_.on()) {
    const StepPairs same{pairs.edge_index, vectors, pairs.closest};
    const Tensor features = features_of(species, n_local, same);
    heads = heads_of(features, species, n_local, same);
    squared_scores = squared_scores_of(features, species);
    // model/bias.hpp
    if (bias_.on()) bias = bias_.energy * (squared_scores / -(bias_.width * bias_.width)).expm1();
  } else {
    heads = module_.forward({species, pairs.edge_index, vectors, n_local}).toTensor();
  }
  session.require_all_forward();
  if (heads.dim() != 2 || heads.size(0) != n_local) {
    throw Error("the student returned a table of another shape than [n_local, n_heads]");
  }
  Tensor energies = heads.to(torch::kFloat64).mean(1);
  if (bias_.on()) energies = energies + bias;
  if (device_.is_cuda()) torch::cuda::synchronize(device_.index());  // for the times only
  results.forward_seconds = seconds_so_far();
  const Tensor g = differentiate(energies.sum(), vectors, tokens);

  // Forces and virials where the pairs are: F_i += g, F_j -= g, W = -sum r (x) g.
  const torch::NoGradGuard finished;
  const Tensor r = vectors.detach();
  const Tensor i = pairs.edge_index[0], j = pairs.edge_index[1];
  const std::int64_t n_total = species.size(0);
  Tensor forces = torch::zeros({n_total, 3}, r.options());
  forces.index_add_(0, i, g).index_add_(0, j, g, -1.0);
  const Tensor virial = r.t().mm(g).neg();
  std::vector<Tensor> parts = {energies.detach(), forces.flatten(), virial.flatten(),
                               pairs.closest};
  if (wanted.uncertainties) {
    // Score and species of each atom.
    parts.push_back(squared_scores.detach().sqrt());
    parts.push_back(species.slice(0, 0, n_local).to(torch::kFloat64));
  }
  if (bias_.on()) parts.push_back(bias.detach());
  if (wanted.atom_virials) {
    // Half of each pair's virial to each of its atoms.
    const Tensor half = (r.unsqueeze(2) * g.unsqueeze(1)).mul_(-0.5).flatten(1);
    Tensor table = torch::zeros({n_total, 9}, r.options());
    table.index_add_(0, i, half).index_add_(0, j, half);
    parts.push_back(table.flatten());
  }
  Unpacker out(torch::cat(parts));
  out.take(n_local, results.atom_energies);
  out.take(3 * n_total, results.forces);
  out.take(results.virial);
  out.take(pairs.closest.numel(), results.closest);
  results.uncertainties.clear();
  if (wanted.uncertainties) take_errors(out, n_local, *uncertainty_, results.uncertainties);
  out.take(bias_.on() ? n_local : 0, results.bias_energies);
  out.take(wanted.atom_virials ? 9 * n_total : 0, results.atom_virials);
  results.n_pairs = vectors.size(0);
  results.backward_seconds = seconds_so_far() - results.forward_seconds;
}

double ScriptedStudent::buffer_bytes() const {
  double bytes = resident_.host_bytes();
  if (!device_.is_cpu()) return bytes;
  for (const Tensor& tensor : module_.parameters()) bytes += static_cast<double>(tensor.nbytes());
  for (const Tensor& tensor : module_.buffers()) bytes += static_cast<double>(tensor.nbytes());
  return bytes;
}

}  // namespace ipip
