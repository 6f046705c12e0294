// SPDX-License-Identifier: MIT
// c: candidate, e: pair of the step.
#include "resident_pairs.hpp"

#include <type_traits>
#include <vector>

namespace ipip {
namespace {

using torch::Tensor;

// The caller's array; nothing writes into it, though from_blob wants a pointer to writable memory.
template <class T>
Tensor view(const std::vector<T>& values) {
  const auto size = static_cast<std::int64_t>(values.size());
  constexpr auto kType = std::is_same_v<T, std::int64_t> ? torch::kInt64 : torch::kInt32;
  return torch::from_blob(const_cast<T*>(values.data()), {size}, kType);
}

}  // namespace

void ResidentPairs::assign(const Candidates& candidates) {
  n_local_ = candidates.n_local();
  n_kinds_ = candidates.n_kinds();
  n_points_ = static_cast<std::int64_t>(candidates.rows.size());
  // Frees old tensors first: two neighbour lists need not fit the device.
  rows_ = from_ = to_ = kinds_ = Tensor();
  const Tensor counts = view(candidates.first).diff();
  const Tensor receivers = torch::repeat_interleave(counts);
  const Tensor from = view(candidates.centres).index_select(0, receivers).to(torch::kInt64);
  const Tensor to = view(candidates.neighbours).to(torch::kInt64);
  const Tensor types = view(candidates.types).to(torch::kInt64);
  const Tensor rows = view(candidates.rows).to(torch::kInt64);
  // Place of each pair of types, as `Candidates::kind` says.
  Tensor place = torch::empty({candidates.n_types, candidates.n_types}, torch::kInt64);
  for (std::int64_t a = 0; a < candidates.n_types; ++a) {
    for (std::int64_t b = 0; b < candidates.n_types; ++b) place[a][b] = candidates.kind(a, b);
  }
  const Tensor kinds = place.flatten().index_select(
      0, candidates.n_types * types.index_select(0, from) + types.index_select(0, to));
  const bool copy = device_.is_cpu();  // else they are copied anyway
  species_ = view(candidates.species).to(device_, torch::kInt64, /*non_blocking=*/false, copy);
  rows_ = torch::stack({receivers, rows.index_select(0, to)}).to(device_);
  from_ = from.to(device_);
  to_ = to.to(device_);
  kinds_ = kinds.to(device_);
}

StepPairs ResidentPairs::collect(const double* points, double cutoff) const {
  const auto numbers = torch::TensorOptions().dtype(torch::kFloat64);
  const Tensor x =
      torch::from_blob(const_cast<double*>(points), {n_points_, 3}, numbers).to(device_);
  const Tensor all = x.index_select(0, to_) - x.index_select(0, from_);
  const Tensor squared = (all * all).sum(1);
  const double cutoff_squared = cutoff * cutoff;
  // Not "closer than": a NaN distance is kept, and stops the run.
  const Tensor near = squared.ge(cutoff_squared).logical_not().nonzero().squeeze(1);
  StepPairs pairs;
  pairs.edge_index = rows_.index_select(1, near);
  pairs.vectors = all.index_select(0, near);
  pairs.closest =
      torch::full({n_kinds_}, cutoff_squared, numbers.device(device_))
          .scatter_reduce(0, kinds_.index_select(0, near), squared.index_select(0, near), "amin")
          .sqrt();
  return pairs;
}

double ResidentPairs::host_bytes() const {
  if (!device_.is_cpu()) return 0.0;
  double bytes = 0.0;
  for (const Tensor& tensor : {species_, rows_, from_, to_, kinds_}) {
    if (tensor.defined()) bytes += static_cast<double>(tensor.nbytes());
  }
  return bytes;
}

}  // namespace ipip
