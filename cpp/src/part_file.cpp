// SPDX-License-Identifier: MIT
#include "part_file.hpp"

#include <dlfcn.h>

namespace ipip {

std::string folder_of_libipip() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&folder_of_libipip), &info) == 0) return ".";
  const std::string path = info.dli_fname;
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

LoadedFunction load_function(const std::string& file, const char* name) {
  LoadedFunction out;
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library != nullptr) out.address = dlsym(library, name);
  if (out.address == nullptr) {
    const char* text = dlerror();
    out.reason = text == nullptr ? "unknown reason" : text;
  }
  return out;
}

}  // namespace ipip
