// SPDX-License-Identifier: MIT
#include "plain_failure.hpp"

#include <c10/util/Exception.h>

#include <sstream>
#include <stdexcept>

#include "backend.hpp"

namespace ipip {

std::string short_reason(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  std::istringstream lines(torch_error != nullptr ? torch_error->what_without_backtrace()
                                                  : error.what());
  // The interpreter puts a heading and a trace before the reason: then the last line is the
  // informative one.
  std::string first, last, line;
  while (std::getline(lines, line)) {
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    if (first.empty()) first = line;
    last = line;
  }
  return first.find("TorchScript interpreter") != std::string::npos ? last : first;
}

void throw_plainly(const std::exception& error) {
  const std::string reason = short_reason(error);
  const bool memory = dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
                      reason.find("can't allocate memory") != std::string::npos ||
                      reason.find("out of memory") != std::string::npos;
  if (memory) throw OutOfMemory(reason);
  throw std::runtime_error(reason);
}

}  // namespace ipip
