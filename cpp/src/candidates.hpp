// SPDX-License-Identifier: MIT
#pragma once

#include "ipip/export.hpp"
#include "ipip/student.hpp"

namespace ipip {

/// @throws ipip::Error  the arrays do not fit each other
IPIP_API void check_candidates(const Candidates& candidates);

/// The same where `first` and `neighbours` are still to be found.
/// @throws ipip::Error  the arrays do not fit each other
IPIP_API void check_rows(const Candidates& rows);

}  // namespace ipip
