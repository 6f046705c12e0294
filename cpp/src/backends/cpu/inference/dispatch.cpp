// SPDX-License-Identifier: MIT
// Which kernels this processor runs.
#include <array>
#include <type_traits>

#include "kernels.hpp"

namespace ipip::cpu {

#define IPIP_DECLARE(isa)               \
  namespace isa {                       \
  extern const Kernels<float> kFloat;   \
  extern const Kernels<double> kDouble; \
  }
IPIP_DECLARE(generic)
#ifdef IPIP_X86_KERNELS
IPIP_DECLARE(avx2)
IPIP_DECLARE(avx512)
#endif
#ifdef IPIP_ARM_KERNELS
IPIP_DECLARE(neon)
#endif
#undef IPIP_DECLARE

namespace {

struct Set {
  const char* name;
  bool runs;
  const Kernels<float>* of_float;
  const Kernels<double>* of_double;
};

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

auto sets() {
#ifdef IPIP_X86_KERNELS
  __builtin_cpu_init();
  return std::array{Set{"avx512", runs_avx512(), &avx512::kFloat, &avx512::kDouble},
                    Set{"avx2", runs_avx2(), &avx2::kFloat, &avx2::kDouble},
                    Set{"generic", true, &generic::kFloat, &generic::kDouble}};
#elif defined(IPIP_ARM_KERNELS)
  return std::array{Set{"neon", true, &neon::kFloat, &neon::kDouble},
                    Set{"generic", true, &generic::kFloat, &generic::kDouble}};
#else
  return std::array{Set{"generic", true, &generic::kFloat, &generic::kDouble}};
#endif
}

}  // namespace

std::string supported_instruction_sets() {
  std::string names;
  for (const Set& set : sets()) {
    if (set.runs) names += (names.empty() ? "" : ", ") + std::string(set.name);
  }
  return names;
}

template <class T>
const Kernels<T>* find_kernels(const std::string& name) {
  for (const Set& set : sets()) {
    if (!set.runs || (name != "auto" && name != set.name)) continue;
    if constexpr (std::is_same_v<T, float>) {
      return set.of_float;
    } else {
      return set.of_double;
    }
  }
  return nullptr;
}

template const Kernels<float>* find_kernels<float>(const std::string&);
template const Kernels<double>* find_kernels<double>(const std::string&);

}  // namespace ipip::cpu
