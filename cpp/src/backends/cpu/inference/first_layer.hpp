// SPDX-License-Identifier: MIT
// The first layer's sums over pairs, tabulated behind its matrices.
//
// Before the first layer an atom is its species. What a pair adds to the scalars and vectors there,
// and what the matrices that follow make of it, is a function of the sender's species z and the
// distance d alone:
//
//     s_z = phi^s_z w^s(d),  v_z = phi^vs_z w^vs(d),  (Vv)_z = V v_z,  (Uv)_z = U v_z,  p_z = C s_z
//
// where C is the scalars' half of the context's first matrix. Summed over pairs these are the rows
// that the products would yield. The functions are linear in the filters and so are splines in
// their values at nodes: the coefficients of (Vv)_z are those of w^vs, scaled and multiplied by V.
// Nothing is approximated besides the filters, and the two ways agree to rounding.
#pragma once

#include <cstdint>
#include <vector>

#include "model/painn_model.hpp"
#include "model/radial_table.hpp"
#include "packed_weights.hpp"

namespace ipip::cpu {

/// @param kernels   of this processor
/// @param model     the student
/// @param table     of the first layer's filters
/// @param messages  phi of each species, [n_species, 3 F], F as in the model
/// @returns the tables, or none where they would take more than 64 MiB
template <class T>
FirstLayer<T> tabulate_first_layer(const Kernels<T>& kernels, const PainnModel& model,
                                   const RadialTable& table, const std::vector<double>& messages);

}  // namespace ipip::cpu
