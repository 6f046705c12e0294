// SPDX-License-Identifier: MIT
// Frames joined to one graph, torch.ops.ipip.join_graphs: a step of a small training is too short
// for a dozen calls of torch.cat from Python.
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

using at::Tensor;

/// Joins the columns (tensors of one name) of all frames along their first axis.
///
/// tensors: those of one frame after the other, the same columns of each; the first is n_atoms [1],
/// the second edge_index [2, n_edges], which is joined along its edges and points into the joined
/// atoms. Returns the joined columns, and last the frame of each atom.
std::vector<Tensor> join_graphs(const std::vector<Tensor>& tensors, std::int64_t columns) {
  TORCH_CHECK(columns >= 2 && !tensors.empty() && tensors.size() % columns == 0,
              "expected the same columns of each frame");
  const std::int64_t frames = static_cast<std::int64_t>(tensors.size()) / columns;
  const auto of = [&](std::int64_t f, std::int64_t c) { return tensors[f * columns + c]; };
  std::int64_t n = 0, edges = 0;
  for (std::int64_t f = 0; f < frames; ++f) {
    n += of(f, 0).const_data_ptr<std::int64_t>()[0];
    edges += of(f, 1).size(1);
  }
  std::vector<Tensor> joined(columns + 1);
  std::vector<Tensor> column(frames);
  for (std::int64_t c = 0; c < columns; ++c) {
    if (c == 1) continue;
    for (std::int64_t f = 0; f < frames; ++f) column[f] = of(f, c);
    joined[c] = at::cat(column);
  }
  Tensor& edge_index = joined[1] = at::empty({2, edges}, at::kLong);
  Tensor& batch = joined[columns] = at::empty({n}, at::kLong);
  std::int64_t* ends[2] = {edge_index.mutable_data_ptr<std::int64_t>()};
  ends[1] = ends[0] + edges;
  std::int64_t* frame_of_atom = batch.mutable_data_ptr<std::int64_t>();
  std::int64_t first = 0;
  for (std::int64_t f = 0; f < frames; ++f) {
    const std::int64_t atoms = of(f, 0).const_data_ptr<std::int64_t>()[0];
    const Tensor pairs = of(f, 1).contiguous();
    const std::int64_t* from = pairs.const_data_ptr<std::int64_t>();
    for (std::int64_t*& end : ends) {
      end = std::transform(from, from + pairs.size(1), end, [&](auto i) { return i + first; });
      from += pairs.size(1);
    }
    frame_of_atom = std::fill_n(frame_of_atom, atoms, f);
    first += atoms;
  }
  return joined;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(ipip, library) {
  library.def("join_graphs(Tensor[] tensors, int columns) -> Tensor[]", &join_graphs);
}
