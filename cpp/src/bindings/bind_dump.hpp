// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

/// Adds `DumpParser` to the Python module.
void bind_dump(pybind11::module_& module);
