// SPDX-License-Identifier: MIT
// Which kernels this processor runs.
#pragma once

#include <string>

#include "ipip/export.hpp"

// Calls X(name) for each instruction set that kernels are compiled for, the best first.
#if defined(IPIP_X86_KERNELS)
#define IPIP_INSTRUCTION_SETS(X) X(avx512) X(avx2) X(generic)
#elif defined(IPIP_ARM_KERNELS)
#define IPIP_INSTRUCTION_SETS(X) X(neon) X(generic)
#else
#define IPIP_INSTRUCTION_SETS(X) X(generic)
#endif

namespace ipip::cpu {

/// Instruction sets that this processor runs, the best first: "avx2, generic".
IPIP_API std::string supported_instruction_sets();

/// The instruction set of that name, or the best one for "auto"; empty where this processor does
/// not run it.
IPIP_API std::string instruction_set(const std::string& requested);

}  // namespace ipip::cpu
