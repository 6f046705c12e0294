// SPDX-License-Identifier: MIT
// Tangents of the pointwise parts of a layer's update, forward and backward.
//
// c: channel, x: axis; Vv, Uv: mixed vectors.
#pragma once

#include "nodes.hpp"

namespace ipip::cuda {

// q_dot = (s_dot, <Vv, Vv_dot> / |Vv|),   product_dot = <Vv, Uv_dot> + <Vv_dot, Uv>
template <class T>
IPIP_DEVICE void run(const TakeNormTangents<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const NodeItem item(k, block, thread);
    if (!item.there) return;
    const Mixed<T> mixed(k.mixed.value, item.row, k.channels, item.c);
    const Mixed<T> change(k.mixed.tangent, item.row, k.channels, item.c);
    T square = T(0), product = T(0);
    for (int x = 0; x < 3; ++x) {
      square += mixed.vv[x] * change.vv[x];
      product += mixed.vv[x] * change.uv[x] + change.vv[x] * mixed.uv[x];
    }
    write(k.q.tangent, item.in(k, 2, 0), read(k.after.tangent, item.in(k, 4, 0)));
    write(k.q.tangent, item.in(k, 2, 1), square / read(k.q.value, item.in(k, 2, 1)));
    write(k.product.tangent, item.in(k, 1, 0), product);
  });
}

// s_dot += a^ss_dot + a^sv_dot <Uv, Vv> + a^sv <Uv, Vv>_dot,   v_dot += a^vv_dot Uv + a^vv Uv_dot
template <class T>
IPIP_DEVICE void run(const NextStateTangents<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const NodeItem item(k, block, thread);
    if (!item.there) return;
    const int parts = k.vectors ? 3 : 2;
    write(k.scalars, item.in(k, 1, 0),
          read(k.after.tangent, item.in(k, 4, 0)) + read(k.a.tangent, item.in(k, parts, 0)) +
              read(k.a.tangent, item.in(k, parts, 1)) * read(k.product.value, item.in(k, 1, 0)) +
              read(k.a.value, item.in(k, parts, 1)) * read(k.product.tangent, item.in(k, 1, 0)));
    if (!k.vectors) return;
    const T a_vv = read(k.a.value, item.in(k, 3, 2)),
            a_vv_dot = read(k.a.tangent, item.in(k, 3, 2));
    for (int x = 0; x < 3; ++x) {
      const std::int64_t uv = item.in(k, 6, 2 * x + 1);
      write(k.sent, item.in(k, 6, 3 + x),
            read(k.after.tangent, item.in(k, 4, 1 + x)) + a_vv_dot * read(k.mixed.value, uv) +
                a_vv * read(k.mixed.tangent, uv));
    }
  });
}

// g(a^ss)_dot = g^s_dot,   g(a^sv)_dot = g^s_dot <Uv, Vv> + g^s <Uv, Vv>_dot,
// g(a^vv)_dot = <g^v_dot, Uv> + <g^v, Uv_dot>
template <class T>
IPIP_DEVICE void run(const GainGradientTangents<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const NodeItem item(k, block, thread);
    if (!item.there) return;
    const int parts = k.vectors ? 3 : 2;
    const T g_s = read(k.g.value, item.in(k, 4, 0)), g_s_dot = read(k.g.tangent, item.in(k, 4, 0));
    write(k.a_g, item.in(k, parts, 0), g_s_dot);
    write(k.a_g, item.in(k, parts, 1),
          g_s_dot * read(k.product.value, item.in(k, 1, 0)) +
              g_s * read(k.product.tangent, item.in(k, 1, 0)));
    if (!k.vectors) return;
    T sum = T(0);
    for (int x = 0; x < 3; ++x) {
      const std::int64_t g = item.in(k, 4, 1 + x), uv = item.in(k, 6, 2 * x + 1);
      sum += read(k.g.tangent, g) * read(k.mixed.value, uv) +
             read(k.g.value, g) * read(k.mixed.tangent, uv);
    }
    write(k.a_g, item.in(k, 3, 2), sum);
  });
}

// With per_product = g^s a^sv and per_norm = g(|Vv|) / |Vv|:
//     g(Vv)_dot = per_product_dot Uv + per_product Uv_dot + per_norm_dot Vv + per_norm Vv_dot,
//     g(Uv)_dot = per_product_dot Vv + per_product Vv_dot + a^vv g^v_dot + a^vv_dot g^v,
//     per_norm_dot = (g(|Vv|)_dot - per_norm |Vv|_dot) / |Vv|,   g^s_dot += g(q)^s_dot
template <class T>
IPIP_DEVICE void run(const MixedGradientTangents<T>& k, const Block& block) {
  block.each_thread([&](int thread) {
    const NodeItem item(k, block, thread);
    if (!item.there) return;
    const Mixed<T> mixed(k.mixed.value, item.row, k.channels, item.c);
    const Mixed<T> change(k.mixed.tangent, item.row, k.channels, item.c);
    const int parts = k.vectors ? 3 : 2;
    const T g_s = read(k.g.value, item.in(k, 4, 0)), g_s_dot = read(k.g.tangent, item.in(k, 4, 0));
    const std::int64_t norm = item.in(k, 2, 1), sv = item.in(k, parts, 1);
    const T inverse = T(1) / read(k.q.value, norm);
    const T per_norm = read(k.q_g.value, norm) * inverse;
    const T per_norm_dot =
        (read(k.q_g.tangent, norm) - per_norm * read(k.q.tangent, norm)) * inverse;
    const T a_sv = read(k.a.value, sv), a_sv_dot = read(k.a.tangent, sv);
    const T per_product = g_s * a_sv, per_product_dot = g_s_dot * a_sv + g_s * a_sv_dot;
    const T a_vv = k.vectors ? read(k.a.value, item.in(k, 3, 2)) : T(0);
    const T a_vv_dot = k.vectors ? read(k.a.tangent, item.in(k, 3, 2)) : T(0);
    for (int x = 0; x < 3; ++x) {
      const T g_v = k.vectors ? read(k.g.value, item.in(k, 4, 1 + x)) : T(0);
      const T g_v_dot = k.vectors ? read(k.g.tangent, item.in(k, 4, 1 + x)) : T(0);
      write(k.mixed_g, item.in(k, 6, 2 * x),
            per_product_dot * mixed.uv[x] + per_product * change.uv[x] +
                per_norm_dot * mixed.vv[x] + per_norm * change.vv[x]);
      write(k.mixed_g, item.in(k, 6, 2 * x + 1),
            per_product_dot * mixed.vv[x] + per_product * change.vv[x] + a_vv * g_v_dot +
                a_vv_dot * g_v);
    }
    write(k.after_g, item.in(k, 4, 0), g_s_dot + read(k.q_g.tangent, item.in(k, 2, 0)));
  });
}

}  // namespace ipip::cuda
