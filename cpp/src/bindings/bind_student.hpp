// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/pybind11.h>

/// Adds the class Student to the Python module.
void bind_student(pybind11::module_& module);
