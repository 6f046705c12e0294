// SPDX-License-Identifier: GPL-2.0-or-later
// The C interface between LAMMPS and its plugins (page "plugin" of the LAMMPS manual), declared
// here because an installed LAMMPS need not ship the header lammpsplugin.h.
#pragma once

extern "C" {

/// Makes a style from the address of the LAMMPS instance.
typedef void*(lammpsplugin_factory1)(void*);
/// Makes a style from the address of the LAMMPS instance and the arguments of its command.
typedef void*(lammpsplugin_factory2)(void*, int, char**);

/// A plugin's description of one style.
typedef struct {
  const char* version;  ///< LAMMPS version string the plugin was made for
  const char* style;    ///< kind of style, "pair" for instance
  const char* name;     ///< name of the style in a deck
  const char* info;     ///< one line about it
  const char* author;   ///< who wrote it
  union {
    lammpsplugin_factory1* v1;
    lammpsplugin_factory2* v2;
  } creator;     ///< v1 for pair styles
  void* handle;  ///< handle of the shared object, as given to `lammpsplugin_init`
} lammpsplugin_t;

/// LAMMPS' function that registers a style: (style, address of the LAMMPS instance).
typedef void (*lammpsplugin_regfunc)(lammpsplugin_t*, void*);

}  // extern "C"
