// SPDX-License-Identifier: MIT
// Training's kernels by the number by which a machine launches them: a virtual function for each of
// so many would take a compiler minutes.
#pragma once

#include <cstddef>
#include <type_traits>

#include "kernels.hpp"

namespace ipip::cuda {

template <class... Kernels>
struct KernelList {
  template <class Kernel>
  static constexpr bool has = (std::is_same_v<Kernel, Kernels> || ...);

  template <class Kernel>
  static constexpr std::size_t number() {
    std::size_t before = 0;
    bool reached = false;
    ((reached = reached || std::is_same_v<Kernel, Kernels>, before += reached ? 0 : 1), ...);
    return before;
  }

  /// Calls machine.run(kernel), which is of the type with that number.
  template <class Machine>
  static void run(Machine& machine, std::size_t number, const void* kernel) {
    using Run = void (*)(Machine&, const void*);
    static constexpr Run kRuns[] = {
        +[](Machine& own, const void* given) { own.run(*static_cast<const Kernels*>(given)); }...};
    kRuns[number](machine, kernel);
  }
};

/// The kernels of one precision.
template <class T, template <class...> class Template, class... Front>
using WithTrainingKernels =
    Template<Front..., PickNumbers<T>, MultiplyRows<T>, OuterSlices<T>, ColumnSlices<T>,
             AddSlices<T>, Activate<T>, ActivateBack<T>, TakeNorms<T>, TakeNormTangents<T>,
             NextStates<T>, NextStateTangents<T>, GainGradients<T>, GainGradientTangents<T>,
             MixedGradients<T>, MixedGradientTangents<T>, ReadoutRows<T>, ReadoutBack<T>,
             PlacePairs<T>, ChangePairs<T>, ReceiveTangents<T, false>, ReceiveTangents<T, true>,
             SendBackTangents<T, false>, SendBackTangents<T, true>, TableSlices<T, false>,
             TableSlices<T, true>, TableGradient<T>>;

template <class... Kernels>
struct WithDoubles {
  using List = WithTrainingKernels<double, KernelList, SumFrames, Kernels...>;
};
using TrainingKernels = WithTrainingKernels<float, WithDoubles>::List;

}  // namespace ipip::cuda
