// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

/// Adds `DumpSpan`, `find_dump_frame` and `read_dump_rows` to the Python module.
void bind_dump(pybind11::module_& module);
