// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace ipip {

/// The folder of libipip.so, where its parts that are loaded on request lie.
std::string folder_of_libipip();

}  // namespace ipip
