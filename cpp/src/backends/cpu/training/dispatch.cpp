// SPDX-License-Identifier: MIT
#include <type_traits>

#include "../isa/instruction_sets.hpp"
#include "ipip/error.hpp"
#include "kernels.hpp"

namespace ipip::training {

#define IPIP_DECLARE(isa)                       \
  namespace isa {                               \
  extern const TrainingKernels<float> kFloat;   \
  extern const TrainingKernels<double> kDouble; \
  }
IPIP_INSTRUCTION_SETS(IPIP_DECLARE)
#undef IPIP_DECLARE

template <class T>
const TrainingKernels<T>& training_kernels(const std::string& name) {
#define IPIP_FIND(isa)                        \
  if (name == #isa) {                         \
    if constexpr (std::is_same_v<T, float>) { \
      return isa::kFloat;                     \
    } else {                                  \
      return isa::kDouble;                    \
    }                                         \
  }
  IPIP_INSTRUCTION_SETS(IPIP_FIND)
#undef IPIP_FIND
  throw Error("there are no training kernels for the instruction set " + name);
}

template const TrainingKernels<float>& training_kernels<float>(const std::string&);
template const TrainingKernels<double>& training_kernels<double>(const std::string&);

}  // namespace ipip::training
