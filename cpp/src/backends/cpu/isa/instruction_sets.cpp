// SPDX-License-Identifier: MIT
#include "instruction_sets.hpp"

#include <vector>

namespace ipip::cpu {
namespace {

bool runs_generic() {
  return true;
}

#ifdef IPIP_ARM_KERNELS
bool runs_neon() {  // every 64-bit ARM processor does
  return true;
}
#endif

#ifdef IPIP_X86_KERNELS
bool runs_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

bool runs_avx512() {
  return runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512cd");
}
#endif

std::vector<std::string> supported() {
#ifdef IPIP_X86_KERNELS
  __builtin_cpu_init();
#endif
  std::vector<std::string> names;
#define IPIP_ADD(isa) \
  if (runs_##isa()) names.push_back(#isa);
  IPIP_INSTRUCTION_SETS(IPIP_ADD)
#undef IPIP_ADD
  return names;
}

}  // namespace

std::string supported_instruction_sets() {
  std::string text;
  for (const std::string& name : supported()) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string instruction_set(const std::string& requested) {
  for (const std::string& name : supported()) {
    if (requested == "auto" || requested == name) return name;
  }
  return "";
}

}  // namespace ipip::cpu
