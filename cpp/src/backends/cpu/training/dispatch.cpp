// SPDX-License-Identifier: MIT
#include <type_traits>

#include "ipip/error.hpp"
#include "kernels.hpp"

namespace ipip::training {

#define IPIP_DECLARE(isa)                       \
  namespace isa {                               \
  extern const TrainingKernels<float> kFloat;   \
  extern const TrainingKernels<double> kDouble; \
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

template <class T>
const TrainingKernels<T>& choose(const TrainingKernels<float>& of_float,
                                 const TrainingKernels<double>& of_double) {
  if constexpr (std::is_same_v<T, float>) {
    return of_float;
  } else {
    return of_double;
  }
}

}  // namespace

template <class T>
const TrainingKernels<T>& training_kernels(const std::string& name) {
#ifdef IPIP_X86_KERNELS
  if (name == "avx512") return choose<T>(avx512::kFloat, avx512::kDouble);
  if (name == "avx2") return choose<T>(avx2::kFloat, avx2::kDouble);
#endif
#ifdef IPIP_ARM_KERNELS
  if (name == "neon") return choose<T>(neon::kFloat, neon::kDouble);
#endif
  if (name == "generic") return choose<T>(generic::kFloat, generic::kDouble);
  throw Error("there are no training kernels for the instruction set " + name);
}

template const TrainingKernels<float>& training_kernels<float>(const std::string&);
template const TrainingKernels<double>& training_kernels<double>(const std::string&);

}  // namespace ipip::training
