// SPDX-License-Identifier: MIT
#include <type_traits>

#include "../isa/instruction_sets.hpp"
#include "kernels.hpp"

namespace ipip::cpu {

#define IPIP_DECLARE(isa)               \
  namespace isa {                       \
  extern const Kernels<float> kFloat;   \
  extern const Kernels<double> kDouble; \
  }
IPIP_INSTRUCTION_SETS(IPIP_DECLARE)
#undef IPIP_DECLARE

template <class T>
const Kernels<T>* find_kernels(const std::string& requested) {
  const std::string name = instruction_set(requested);
#define IPIP_FIND(isa)                        \
  if (name == #isa) {                         \
    if constexpr (std::is_same_v<T, float>) { \
      return &isa::kFloat;                    \
    } else {                                  \
      return &isa::kDouble;                   \
    }                                         \
  }
  IPIP_INSTRUCTION_SETS(IPIP_FIND)
#undef IPIP_FIND
  return nullptr;
}

template const Kernels<float>* find_kernels<float>(const std::string&);
template const Kernels<double>* find_kernels<double>(const std::string&);

}  // namespace ipip::cpu
