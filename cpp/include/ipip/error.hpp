// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>

#include "ipip/export.hpp"

namespace ipip {

/// Every failure of libipip: `what()` is one line that names the value, what was expected and what
/// to do. No exception of another library leaves libipip.
class IPIP_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A failure after which a rank cannot even make the exchanges that other ranks wait for: only
/// aborting all ranks keeps the others from waiting for ever.
class IPIP_API LostExchanges : public Error {
 public:
  using Error::Error;
};

}  // namespace ipip
