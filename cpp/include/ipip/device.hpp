// SPDX-License-Identifier: MIT
// Which device each rank computes on. Pure functions of a few numbers, apart from `visible_gpus`.
#pragma once

#include <string>

#include "ipip/export.hpp"

namespace ipip {

/// The place of a rank among the ranks of its node.
struct NodePlace {
  int rank = 0;        ///< number of this rank among the ranks of its node, from 0
  int ranks = 1;       ///< ranks on its node
  bool share = false;  ///< whether several ranks may compute on one GPU
};

/// GPUs that a backend could compute on.
struct Gpus {
  int visible = 0;        ///< GPUs that this rank sees
  std::string why_never;  ///< why there can be no GPU, and what to do; else empty
};

/// The GPUs of a backend, which may be given by an old name. Loads libtorch for torchscript,
/// libipip_cuda.so for the kernels.
/// @throws ipip::Error  the backend is unknown, or libtorch cannot be loaded or is not the one that
///                      ipip was built for
IPIP_API Gpus visible_gpus(const std::string& backend);

/// What device "auto" means for a backend: "cpu" for the kernels, whose correctness and speed on a
/// GPU nobody has measured yet; else "auto".
/// @throws ipip::Error  the backend is unknown
IPIP_API std::string auto_device(const std::string& backend);

/// Whether `text` is a device that a deck may request: auto, cpu, cuda, cuda:N or emulate.
IPIP_API bool is_device_request(const std::string& text);

/// The device of one rank: "cpu", "emulate", or "cuda:k" with k counted by the rank's place on its
/// node.
/// @param request "auto" (a GPU where there is one), "cpu", "cuda", "cuda:N" (that one), or
///                "emulate" (the host, which executes and checks the kernels for GPUs)
/// @param place   where the rank is
/// @param gpus    GPUs of its backend
/// @throws ipip::Error  a GPU was requested and there is none, or none of that number, or
///                      more ranks than GPUs on the node without `place.share`
IPIP_API std::string place_rank(const std::string& request, const NodePlace& place,
                                const Gpus& gpus);

}  // namespace ipip
