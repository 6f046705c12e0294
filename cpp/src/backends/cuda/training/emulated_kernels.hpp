// SPDX-License-Identifier: MIT
// Which files compile the emulation of training's kernels, besides the emulator: each takes long to
// compile.
#pragma once

#include "../device/emulation.hpp"
#include "kernels.hpp"

/// Calls X(kernel) for the kernels that take a row or a number at a time.
#define IPIP_NODE_KERNELS_OF(X, T) \
  X(PickNumbers<T>)                \
  X(MultiplyRows<T>)               \
  X(OuterSlices<T>)                \
  X(ColumnSlices<T>)               \
  X(AddSlices<T>)                  \
  X(Activate<T>)                   \
  X(ActivateBack<T>)               \
  X(TakeNorms<T>)                  \
  X(TakeNormTangents<T>)           \
  X(NextStates<T>)                 \
  X(NextStateTangents<T>)          \
  X(GainGradients<T>)              \
  X(GainGradientTangents<T>)       \
  X(MixedGradients<T>)             \
  X(MixedGradientTangents<T>)      \
  X(ReadoutRows<T>)                \
  X(ReadoutBack<T>)
#define IPIP_NODE_KERNELS(X) IPIP_NODE_KERNELS_OF(X, float) IPIP_NODE_KERNELS_OF(X, double)

/// The same for kernels that take pairs or frames.
#define IPIP_PAIR_KERNELS_OF(X, T) \
  X(PlacePairs<T>)                 \
  X(ChangePairs<T>)                \
  X(TableGradient<T>)
#define IPIP_PAIR_KERNELS_OF_LAYERS(X, T) \
  X(ReceiveTangents<T, true>)             \
  X(ReceiveTangents<T, false>)            \
  X(SendBackTangents<T, true>)            \
  X(SendBackTangents<T, false>)           \
  X(TableSlices<T, true>)                 \
  X(TableSlices<T, false>)
#define IPIP_PAIR_KERNELS(X)      \
  IPIP_PAIR_KERNELS_OF(X, float)  \
  IPIP_PAIR_KERNELS_OF(X, double) \
  IPIP_PAIR_KERNELS_OF_LAYERS(X, float) IPIP_PAIR_KERNELS_OF_LAYERS(X, double) X(SumFrames)

#define IPIP_EXECUTE(...) \
  template void execute(const __VA_ARGS__&, const char*, std::uint32_t, SharedMemory&);
#define IPIP_EXECUTE_ELSEWHERE(...) extern IPIP_EXECUTE(__VA_ARGS__)
