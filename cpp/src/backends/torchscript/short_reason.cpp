// SPDX-License-Identifier: MIT
#include "short_reason.hpp"

#include <c10/util/Exception.h>

#include <sstream>

namespace ipip {

std::string short_reason(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  std::istringstream lines(torch_error != nullptr ? torch_error->what_without_backtrace()
                                                  : error.what());
  // The interpreter puts a heading and a trace before the reason: then the last line tells most.
  std::string first, last, line;
  while (std::getline(lines, line)) {
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    if (first.empty()) first = line;
    last = line;
  }
  return first.find("TorchScript interpreter") != std::string::npos ? last : first;
}

}  // namespace ipip
