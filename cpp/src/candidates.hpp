// SPDX-License-Identifier: MIT
#pragma once

#include "ipip/student.hpp"

namespace ipip {

/// @throws ipip::Error  the arrays do not fit each other
void check_candidates(const Candidates& candidates);

}  // namespace ipip
