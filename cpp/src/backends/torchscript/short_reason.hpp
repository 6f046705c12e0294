// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>

namespace ipip {

/// The first telling line of what an exception of libtorch says.
std::string short_reason(const std::exception& error);

}  // namespace ipip
