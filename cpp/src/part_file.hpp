// SPDX-License-Identifier: MIT
// Parts of libipip: libraries of their own that are loaded when they are asked for.
#pragma once

#include <string>

// What a macro stands for, as text: parts show functions whose names the build makes up.
#define IPIP_TEXT_OF(name) #name
#define IPIP_TEXT(name) IPIP_TEXT_OF(name)

namespace ipip {

/// The folder of libipip.so, where its parts that are loaded on request lie.
std::string folder_of_libipip();

/// A function of a library, or why there is none.
struct LoadedFunction {
  void* address = nullptr;  ///< null where it cannot be had
  std::string reason;       ///< what the linker says then
};

/// Loads a library, which stays: it may keep threads and registries that must not outlive their
/// code.
/// @param file  path, or a name that the linker looks for
/// @param name  of the function
LoadedFunction load_function(const std::string& file, const char* name);

}  // namespace ipip
