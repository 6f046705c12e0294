// SPDX-License-Identifier: MIT
// Which of the row readers this processor runs.
#include "dump/rows.hpp"
#include "dump/wide_rows.hpp"
#include "ipip/error.hpp"

namespace ipip::dump {

Instructions instructions_for(std::string_view wanted) {
  Instructions best = Instructions::plain;
#ifdef IPIP_FAST_NUMBERS
  if (__builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("popcnt")) {
    best = runs_wide() ? Instructions::avx512 : Instructions::sse;
  }
#endif
  if (wanted == "auto") return best;
  const Instructions named = wanted == "avx512" ? Instructions::avx512
                             : wanted == "sse"  ? Instructions::sse
                                                : Instructions::plain;
  if (named > best || (named == Instructions::plain && wanted != "plain")) {
    throw Error(
        "instructions '" + std::string(wanted) +
        "' are unknown or not supported by this processor; expected auto, avx512, sse or plain");
  }
  return named;
}

}  // namespace ipip::dump
