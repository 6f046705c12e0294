// SPDX-License-Identifier: MIT
// Failures of libtorch as exceptions that do not need it.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "ipip/error.hpp"

namespace ipip {

/// The first informative line of an exception of libtorch.
std::string short_reason(const std::exception& error);

/// Throws `OutOfMemory` or `std::runtime_error` with that line.
[[noreturn]] void throw_plainly(const std::exception& error);

/// Runs `work` and turns exceptions of libtorch into ones of the standard library.
template <typename Work>
auto plainly(Work&& work) {
  try {
    return work();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw_plainly(error);
  }
}

}  // namespace ipip
