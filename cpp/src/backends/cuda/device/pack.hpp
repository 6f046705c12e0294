// SPDX-License-Identifier: MIT
// Rows that travel between ranks: a thread a number.
#pragma once

#include "sort.hpp"

namespace ipip::cuda {

template <class T>
IPIP_DEVICE void run(const PackRows<T>& k, const Block& block) {
  each_item(block, k.rows.size * k.parts * k.channels, [&](std::int64_t m) {
    const std::int64_t part = m / k.channels;
    const std::int64_t row = read(k.rows, part / k.parts);
    const std::int64_t from = row * k.parts + part % k.parts;
    write(k.to, m, read(k.from, from * k.padded + m % k.channels));
  });
}

template <class T>
IPIP_DEVICE void run(const UnpackRows<T>& k, const Block& block) {
  each_item(block, k.n_halo * k.parts * k.padded, [&](std::int64_t m) {
    const std::int64_t part = m / k.padded, c = m % k.padded;
    write(k.to, k.n_local * k.parts * k.padded + m,
          c < k.channels ? read(k.from, part * k.channels + c) : T(0));
  });
}

}  // namespace ipip::cuda
