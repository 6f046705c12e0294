// SPDX-License-Identifier: GPL-2.0-or-later
// Registers `pair_style ipip` when LAMMPS loads the plugin.
#include "error.h"
#include "lammps.h"
#include "pair_ipip.h"
#include "plugin_interface.h"

using namespace LAMMPS_NS;

namespace {

// A plugin shares classes with LAMMPS; another version may lay them out otherwise.
void require_same_version(LAMMPS *lmp)
{
#ifdef IPIP_LAMMPS_NUM_VER
  if (lmp->num_ver != IPIP_LAMMPS_NUM_VER)
    lmp->error->all(FLERR,
                    "pair_style ipip was built for LAMMPS version {}, but this is version {}: "
                    "install lammps of version {}, or rebuild ipip where this one is installed",
                    IPIP_LAMMPS_NUM_VER, lmp->num_ver, IPIP_LAMMPS_NUM_VER);
#endif
}

void *create_pair(LAMMPS *lmp)
{
  require_same_version(lmp);
  return new PairIpip(lmp);
}

}    // namespace

extern "C" __attribute__((visibility("default"))) void lammpsplugin_init(void *lmp, void *handle,
                                                                         void *regfunc)
{
  lammpsplugin_t plugin{};
  // Checked when the style is used, so that other decks run undisturbed under another version.
  plugin.version = static_cast<LAMMPS *>(lmp)->version;
  plugin.style = "pair";
  plugin.name = "ipip";
  plugin.info = "Students of the ipip package, version " IPIP_VERSION;
  plugin.author = "The ipip developers";
  plugin.creator.v1 = (lammpsplugin_factory1) &create_pair;
  plugin.handle = handle;
  reinterpret_cast<lammpsplugin_regfunc>(regfunc)(&plugin, lmp);
}
