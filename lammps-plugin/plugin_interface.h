// SPDX-License-Identifier: GPL-2.0-or-later
// The C interface between LAMMPS and its plugins (doc page "plugin" of the LAMMPS manual), which
// installed LAMMPS headers may lack.
#pragma once

#if __has_include("lammpsplugin.h")
#include "lammpsplugin.h"
#else

namespace LAMMPS_NS {
class LAMMPS;
}

extern "C" {

typedef void *(*lammpsplugin_factory1)(LAMMPS_NS::LAMMPS *);
typedef void *(*lammpsplugin_factory2)(LAMMPS_NS::LAMMPS *, int, char **);

typedef struct {
  const char *version;
  const char *style;
  const char *name;
  const char *info;
  const char *author;
  union {
    lammpsplugin_factory1 v1;
    lammpsplugin_factory2 v2;
  } creator;
  void *handle;
} lammpsplugin_t;

typedef void (*lammpsplugin_regfunc)(lammpsplugin_t *, void *);
}

#endif
