// SPDX-License-Identifier: MIT
// The pointwise parts of node-wise layers, with what the tangent sweeps need of them: a thread for
// each channel of each row.
//
// c: channel, x: axis; Vv, Uv: mixed vectors.
#pragma once

#include "../../training/kernels.hpp"
#include "../block.hpp"
#include "../update.hpp"

namespace ipip::cuda {

/// The row and channel of a thread.
struct NodeItem {
  std::int64_t row = 0;
  int c = 0;
  bool there = false;

  IPIP_DEVICE NodeItem(const NodeKernel& k, const Block& block, int thread) {
    const std::int64_t at = block.index() * NodeKernel::kThreads + thread;
    row = at / k.channels;
    c = static_cast<int>(at % k.channels);
    there = row < k.n_rows;
  }
  /// Place in rows of `parts` times the channels.
  template <class Kernel>
  IPIP_DEVICE std::int64_t in(const Kernel& k, int parts, int part) const {
    return (row * parts + part) * k.channels + c;
  }
};

template <class T>
IPIP_DEVICE void run(const Activate<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const NodeItem item(k, block, thread);
    if (!item.there) return;
    const std::int64_t at = item.in(k, 1, 0);
    const T z = read(k.z.value, at);
    write(k.out, at, k.tangent ? silu_slope(z) * read(k.z.tangent, at) : silu(z));
  });
}

template <class T>
IPIP_DEVICE T silu_curvature(T z) {
  const T s = sigmoid(z), rest = T(1) - s;
  return s * rest * (T(2) + z * (rest - s));
}

template <class T>
IPIP_DEVICE void run(const ActivateBack<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const NodeItem item(k, block, thread);
    if (!item.there) return;
    const std::int64_t at = item.in(k, 1, 0);
    const T z = read(k.z.value, at), slope = silu_slope(z);
    T out = T(0);
    if (k.tangent) {
      out = slope * read(k.g.tangent, at) +
            silu_curvature(z) * read(k.z.tangent, at) * read(k.g.value, at);
    } else {
      out = slope * read(k.g.value, at);
    }
    write(k.out, at, out);
  });
}

// q = (s, sqrt(|Vv|^2 + epsilon)),   product = <Uv, Vv>
template <class T>
IPIP_DEVICE void run(const TakeNorms<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const NodeItem item(k, block, thread);
    if (!item.there) return;
    const Mixed<T> mixed(k.mixed.value, item.row, k.channels, item.c);
    T square = k.epsilon, product = T(0);
    for (int x = 0; x < 3; ++x) {
      square += mixed.vv[x] * mixed.vv[x];
      product += mixed.vv[x] * mixed.uv[x];
    }
    write(k.q.value, item.in(k, 2, 0), read(k.after.value, item.in(k, 4, 0)));
    write(k.q.value, item.in(k, 2, 1), square_root(square));
    write(k.product.value, item.in(k, 1, 0), product);
  });
}

// s += a^ss + a^sv <Uv, Vv>,   v += a^vv Uv
template <class T>
IPIP_DEVICE void run(const NextStates<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const NodeItem item(k, block, thread);
    if (!item.there) return;
    const int parts = k.vectors ? 3 : 2;
    write(k.scalars, item.in(k, 1, 0),
          read(k.after.value, item.in(k, 4, 0)) + read(k.a.value, item.in(k, parts, 0)) +
              read(k.a.value, item.in(k, parts, 1)) * read(k.product.value, item.in(k, 1, 0)));
    if (!k.vectors) return;
    const T a_vv = read(k.a.value, item.in(k, 3, 2));
    for (int x = 0; x < 3; ++x) {
      write(k.sent, item.in(k, 6, 3 + x),
            read(k.after.value, item.in(k, 4, 1 + x)) +
                a_vv * read(k.mixed.value, item.in(k, 6, 2 * x + 1)));
    }
  });
}

// g(a^ss) = g^s,   g(a^sv) = g^s <Uv, Vv>,   g(a^vv) = <g^v, Uv>
template <class T>
IPIP_DEVICE void run(const GainGradients<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const NodeItem item(k, block, thread);
    if (!item.there) return;
    const int parts = k.vectors ? 3 : 2;
    const T g_s = read(k.g.value, item.in(k, 4, 0));
    write(k.a_g, item.in(k, parts, 0), g_s);
    write(k.a_g, item.in(k, parts, 1), g_s * read(k.product.value, item.in(k, 1, 0)));
    if (!k.vectors) return;
    T sum = T(0);
    for (int x = 0; x < 3; ++x) {
      sum += read(k.g.value, item.in(k, 4, 1 + x)) * read(k.mixed.value, item.in(k, 6, 2 * x + 1));
    }
    write(k.a_g, item.in(k, 3, 2), sum);
  });
}

// g(Vv) = g^s a^sv Uv + g(|Vv|) Vv / |Vv|,   g(Uv) = g^s a^sv Vv + a^vv g^v,   g^s += g(q)^s
template <class T>
IPIP_DEVICE void run(const MixedGradients<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const NodeItem item(k, block, thread);
    if (!item.there) return;
    const Mixed<T> mixed(k.mixed.value, item.row, k.channels, item.c);
    const T g_s = read(k.g.value, item.in(k, 4, 0));
    const T per_norm = read(k.q_g.value, item.in(k, 2, 1)) / read(k.q.value, item.in(k, 2, 1));
    const T per_product = g_s * read(k.a.value, item.in(k, k.vectors ? 3 : 2, 1));
    const T a_vv = k.vectors ? read(k.a.value, item.in(k, 3, 2)) : T(0);
    for (int x = 0; x < 3; ++x) {
      const T g_v = k.vectors ? read(k.g.value, item.in(k, 4, 1 + x)) : T(0);
      write(k.mixed_g, item.in(k, 6, 2 * x), per_product * mixed.uv[x] + per_norm * mixed.vv[x]);
      write(k.mixed_g, item.in(k, 6, 2 * x + 1), per_product * mixed.vv[x] + a_vv * g_v);
    }
    write(k.after_g, item.in(k, 4, 0), g_s + read(k.q_g.value, item.in(k, 2, 0)));
  });
}

template <class T>
IPIP_DEVICE void run(const ReadoutRows<T>& k, const Block& block) {
  block.each_warp([&](int warp) {
    const std::int64_t i = block.index() * (ReadoutRows<T>::kThreads / kLanes) + warp;
    if (i >= k.n_rows) return;
    const int species = read(k.species, i);
    const double scale = read(k.scale, species);
    const T factor = static_cast<T>(scale);
    Lanes<double> net = 0.0;
    for (int at = 0; at < k.width; at += kLanes) {
      const Lanes<T> z = load<1>(k.z, i * k.width + at).v[0];
      const Lanes<T> w = load<1>(k.weights, k.weight_at + at).v[0];
      net +=
          convert<double>(each_lane([](T value, T weight) { return silu(value) * weight; }, z, w));
      Strip<T, 1> g;
      g.v[0] =
          each_lane([=](T value, T weight) { return factor * weight * silu_slope(value); }, z, w);
      store(k.z_g, i * k.width + at, g);
    }
    const double shift = static_cast<double>(read(k.weights, k.shift_at));
    write_once(k.energies, i, read(k.offset, species) + scale * (sum<double>(net) + shift));
  });
}

// With E = scale sum_c w_c SiLU(z_c), weighed by `seed` in the loss:
//     g(z)_dot = scale w (seed SiLU'(z) + SiLU''(z) z_dot),
//     g(w) += scale (seed SiLU(z) + SiLU'(z) z_dot)
template <class T>
IPIP_DEVICE void run(const ReadoutBack<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const std::int64_t item = block.index() * ReadoutBack<T>::kThreads + thread;
    const std::int64_t i = item / k.pitch;
    const int c = static_cast<int>(item % k.pitch);
    if (i >= k.n_rows) return;
    const T factor = static_cast<T>(read(k.scale, read(k.species, i)));
    const T seed = static_cast<T>(read(k.of_energy, read(k.frames, i)));
    if (c >= k.width) {
      write(k.shares, item, c == k.width ? factor * seed : T(0));
      return;
    }
    const std::int64_t at = i * k.width + c;
    const T z = read(k.z.value, at), z_dot = read(k.z.tangent, at), slope = silu_slope(z);
    write(k.shares, item, factor * (seed * silu(z) + slope * z_dot));
    write(k.z_g, at,
          factor * read(k.weights, k.weight_at + c) * (seed * slope + silu_curvature(z) * z_dot));
  });
}

}  // namespace ipip::cuda
