// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace ipip::cuda {

/// Numbers on a device. `data` is what `Machine::allocate` returned: a part of an allocation is
/// identified by its offset, so that an emulated run finds the record of each number.
template <class T>
struct Array {
  T* data = nullptr;
  std::int64_t size = 0;
};

}  // namespace ipip::cuda
