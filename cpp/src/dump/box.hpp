// SPDX-License-Identifier: MIT
// The box of a frame, and positions in it.
#pragma once

#include <array>
#include <cstdint>

#include "dump/frame_span.hpp"

namespace ipip::dump {

/// A box: lattice vectors row by row (lower triangular unless general triclinic), its lower corner
/// (both in Å), and its periodic directions.
struct Box {
  std::array<double, 9> cell{};
  std::array<double, 3> origin{};
  std::array<bool, 3> pbc{true, true, true};
};

/// The box of a header; a tilted one is stored by its bounding box and tilts.
/// Source: LAMMPS manual, "Triclinic (non-orthogonal) simulation boxes".
/// Throws ipip::Error where four numbers a line come without "abc".
Box box_of(const FrameSpan& span);

/// Turns stored positions [count, 3] into Cartesian ones: r = s · cell + origin if they are scaled,
/// plus image flags [count, 3] times the lattice vectors if these are given.
///
/// @param stored, images, positions [count, 3]; images may be nullptr
void place_atoms(const Box& box, bool scaled, std::int64_t count, const double* stored,
                 const double* images, double* positions);

}  // namespace ipip::dump
