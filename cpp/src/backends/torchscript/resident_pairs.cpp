// SPDX-License-Identifier: MIT
// c: candidate, e: pair of the step.
#include "resident_pairs.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "ipip/error.hpp"

namespace ipip {
namespace {

using torch::Tensor;

std::int64_t largest(const std::vector<std::int64_t>& values) {
  return values.empty() ? -1 : *std::max_element(values.begin(), values.end());
}

void check(const Candidates& candidates) {
  const std::size_t n = candidates.receivers.size();
  if (candidates.n_local < 0 ||
      candidates.n_local > static_cast<std::int64_t>(candidates.species.size()) ||
      candidates.neighbours.size() != n || candidates.from.size() != n ||
      candidates.to.size() != n || candidates.kinds.size() != n ||
      largest(candidates.receivers) >= candidates.n_local ||
      largest(candidates.neighbours) >= static_cast<std::int64_t>(candidates.species.size()) ||
      largest(candidates.kinds) >= candidates.n_kinds) {
    throw Error("candidates with " + std::to_string(candidates.n_local) + " local atoms, " +
                std::to_string(candidates.species.size()) + " species, " + std::to_string(n) +
                " receivers, " + std::to_string(candidates.neighbours.size()) + " neighbours, " +
                std::to_string(candidates.from.size()) + " and " +
                std::to_string(candidates.to.size()) + " points, " +
                std::to_string(candidates.kinds.size()) +
                " kinds: the arrays do not fit each other");
  }
}

// A copy on the device; also where that is main memory, since the caller's arrays change.
Tensor copied(const std::vector<std::int64_t>& values, torch::Device device) {
  const auto size = static_cast<std::int64_t>(values.size());
  // from_blob wants a pointer to writable memory; nothing writes into it.
  auto* data = const_cast<std::int64_t*>(values.data());
  return torch::from_blob(data, {size}, torch::kInt64).clone().to(device);
}

}  // namespace

void ResidentPairs::assign(const Candidates& candidates) {
  check(candidates);
  n_local_ = candidates.n_local;
  n_kinds_ = candidates.n_kinds;
  points_needed_ = std::max(largest(candidates.from), largest(candidates.to)) + 1;
  // Old tensors go first: two neighbour lists need not fit the device.
  rows_ = from_ = to_ = kinds_ = Tensor();
  species_ = copied(candidates.species, device_);
  rows_ =
      torch::stack({copied(candidates.receivers, device_), copied(candidates.neighbours, device_)});
  from_ = copied(candidates.from, device_);
  to_ = copied(candidates.to, device_);
  kinds_ = copied(candidates.kinds, device_);
}

StepPairs ResidentPairs::collect(const double* points, std::int64_t n_points, double cutoff) const {
  if (n_points < points_needed_) {
    throw Error("a step has " + std::to_string(n_points) + " points, expected at least the " +
                std::to_string(points_needed_) + " that its candidates name");
  }
  const auto numbers = torch::TensorOptions().dtype(torch::kFloat64);
  const Tensor x =
      torch::from_blob(const_cast<double*>(points), {points_needed_, 3}, numbers).to(device_);
  const Tensor all = x.index_select(0, to_) - x.index_select(0, from_);
  const Tensor squared = (all * all).sum(1);
  const double cutoff_squared = cutoff * cutoff;
  // Not "closer than": a distance that is not a number stays, and stops the run.
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
