// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "ipip/error.hpp"

namespace ipip::cuda {

/// Arrays on a device are counted by an int.
/// @throws ipip::Error  there are more; `what` names them
inline void require_int(std::int64_t n, const char* what) {
  if (n <= std::numeric_limits<std::int32_t>::max()) return;
  throw Error("a rank has " + std::to_string(n) + " " + what +
              ", expected fewer than 2147483648: use more ranks");
}

}  // namespace ipip::cuda
