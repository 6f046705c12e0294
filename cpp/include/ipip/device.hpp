// SPDX-License-Identifier: MIT
// Which device each rank computes on. Pure functions of a few numbers, apart from
// what libtorch is asked.
#pragma once

#include <string>

#include "ipip/export.hpp"

namespace ipip {

/// A rank among those of its node.
struct NodePlace {
  int rank = 0;        ///< number of this rank among the ranks of its node, from 0
  int ranks = 1;       ///< ranks on its node
  int gpus = 0;        ///< GPUs that this rank sees; 0 where libtorch was built without CUDA
  bool share = false;  ///< whether several ranks may compute on one GPU
};

/// GPUs that libtorch sees; 0 where it was built without CUDA. Loads libtorch.
/// @throws ipip::Error  it cannot be loaded, or is not the one ipip was built for
IPIP_API int visible_gpus();

/// Whether libtorch was built with CUDA. Loads it, and throws as `visible_gpus`.
IPIP_API bool built_with_cuda();

/// Whether `text` is a device that a deck may ask for: auto, cpu, cuda, or cuda:N.
IPIP_API bool is_device_request(const std::string& text);

/// The device of one rank: "cpu", or "cuda:k" with k counted by the rank's place on its node.
/// @param request "auto" (a GPU where there is one), "cpu", "cuda", or "cuda:N" (that one)
/// @param place   where the rank is
/// @param cuda    whether libtorch was built with CUDA, for the message
/// @throws ipip::Error  no GPU where one was asked for, no GPU of that number, or more ranks than
///                      GPUs on the node without `place.share`
IPIP_API std::string place_rank(const std::string& request, const NodePlace& place, bool cuda);

}  // namespace ipip
