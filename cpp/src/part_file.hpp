// SPDX-License-Identifier: MIT
// Parts of libipip: separate libraries that are loaded on request.
#pragma once

#include <string>

// The value of a macro, as text: parts export functions whose names the build generates.
#define IPIP_TEXT_OF(name) #name
#define IPIP_TEXT(name) IPIP_TEXT_OF(name)

namespace ipip {

/// The folder of libipip.so, where its parts that are loaded on request lie.
std::string folder_of_libipip();

/// A function of a library, or why there is none.
struct LoadedFunction {
  void* address = nullptr;  ///< null if it is not available
  std::string reason;       ///< what the linker says then
};

/// Loads a library for the life of the process: it may keep threads and registries that must not
/// outlive their code.
/// @param file  path, or a name that the linker searches for
/// @param name  of the function
LoadedFunction load_function(const std::string& file, const char* name);

}  // namespace ipip
