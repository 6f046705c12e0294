// SPDX-License-Identifier: MIT
// Distances and places in the tables. Included by kernels.inc alone.

// Beyond the cutoff `piece` is `outside`, where the table holds zeros. A NaN vector keeps a NaN
// fraction, so that energies and forces show it.
template <class T>
void geometry(const double* vectors, std::int64_t n, double pieces_per_length,
              std::int32_t n_pieces, std::int32_t outside, std::int32_t* piece, T* fraction, T* ux,
              T* uy, T* uz) {
  for (std::int64_t e = 0; e < n; ++e) {
    const double x = vectors[3 * e], y = vectors[3 * e + 1], z = vectors[3 * e + 2];
    const double distance = __builtin_sqrt(x * x + y * y + z * z + 1e-24);
    const double inverse = 1.0 / distance;
    const double place = distance * pieces_per_length;
    const bool beyond = place >= n_pieces;
    const double inside = place < n_pieces ? place : 0.0;
    const std::int32_t whole = static_cast<std::int32_t>(inside);
    piece[e] = beyond ? outside : whole;
    fraction[e] = static_cast<T>(beyond ? 0.0 : place - whole);
    ux[e] = static_cast<T>(x * inverse);
    uy[e] = static_cast<T>(y * inverse);
    uz[e] = static_cast<T>(z * inverse);
  }
}
