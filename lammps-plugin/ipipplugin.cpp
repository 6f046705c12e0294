// SPDX-License-Identifier: GPL-2.0-or-later
// Registers `pair_style ipip` and `compute ipip/uncertainty`. LAMMPS loads this file at every
// start, so it does not need libipip, which is loaded when a deck uses the style, from the files
// beside this one.
#include <dlfcn.h>

#include <string>

#include "error.h"
#include "lammps.h"
#include "plugin_interface.h"

using namespace LAMMPS_NS;

namespace {

constexpr const char* kPairFile = "libipip_lammps.so";
constexpr const char* kPairFactory = "ipip_create_pair";
constexpr const char* kUncertaintyFactory = "ipip_create_uncertainty";
constexpr const char* kBiasFactory = "ipip_create_bias";

// A plugin shares classes with LAMMPS, and another version may lay them out differently.
void require_same_version(LAMMPS* lmp) {
  if (lmp->num_ver != IPIP_LAMMPS_NUM_VER) {
    lmp->error->all(FLERR,
                    "pair_style ipip was built for LAMMPS version {}, but this is LAMMPS version "
                    "{}: install LAMMPS {}, or rebuild ipip against this one",
                    IPIP_LAMMPS_NUM_VER, lmp->num_ver, IPIP_LAMMPS_NUM_VER);
  }
}

std::string folder_of_this_file() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&folder_of_this_file), &info) == 0) return ".";
  const std::string path = info.dli_fname;
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

// A function of the library that knows libipip.
void* factory_of(LAMMPS* lmp, const char* name) {
  require_same_version(lmp);
  const std::string file = folder_of_this_file() + "/" + kPairFile;
  // NODELETE: threads of kernels must not outlive their code.
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  void* factory = library == nullptr ? nullptr : dlsym(library, name);
  if (factory == nullptr) {
    const char* reason = dlerror();
    lmp->error->all(FLERR, "pair_style ipip cannot load its libraries: install ipip again ({})",
                    reason == nullptr ? "unknown reason" : reason);
  }
  return factory;
}

void* create_pair(void* address) {
  void* factory = factory_of(static_cast<LAMMPS*>(address), kPairFactory);
  return reinterpret_cast<lammpsplugin_factory1*>(factory)(address);
}

void* create_uncertainty(void* address, int narg, char** arg) {
  void* factory = factory_of(static_cast<LAMMPS*>(address), kUncertaintyFactory);
  return reinterpret_cast<lammpsplugin_factory2*>(factory)(address, narg, arg);
}

void* create_bias(void* address, int narg, char** arg) {
  void* factory = factory_of(static_cast<LAMMPS*>(address), kBiasFactory);
  return reinterpret_cast<lammpsplugin_factory2*>(factory)(address, narg, arg);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void lammpsplugin_init(void* lmp, void* handle,
                                                                         void* regfunc) {
  lammpsplugin_t plugin{};
  // LAMMPS would only log a difference of versions, at every start; create_pair stops if it
  // matters.
  plugin.version = static_cast<LAMMPS*>(lmp)->version;
  plugin.style = "pair";
  plugin.name = "ipip";
  plugin.info = "students of the ipip package, version " IPIP_VERSION ", built for " IPIP_STUB
                " and LAMMPS " IPIP_LAMMPS_RELEASE;
  plugin.author = "The ipip developers";
  plugin.creator.v1 = &create_pair;
  plugin.handle = handle;
  const auto take_in = reinterpret_cast<lammpsplugin_regfunc>(regfunc);
  take_in(&plugin, lmp);
  plugin.style = "compute";
  plugin.name = "ipip/uncertainty";
  plugin.creator.v2 = &create_uncertainty;
  take_in(&plugin, lmp);
  plugin.name = "ipip/bias";
  plugin.creator.v2 = &create_bias;
  take_in(&plugin, lmp);
}
