// SPDX-License-Identifier: MIT
#pragma once

#include "ipip/student.hpp"

namespace ipip {

/// A small cluster with two atoms of each of the student's elements, all within its cutoff.
Graph warm_up_cluster(const StudentInfo& info);

}  // namespace ipip
