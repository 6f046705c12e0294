// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

/// Adds what the pair style uses besides a `Student`: ranks on devices.
void bind_ranks(pybind11::module_& module);
