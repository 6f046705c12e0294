// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

/// Adds `DeviceTraining`.
void bind_training(pybind11::module_& module);
