// SPDX-License-Identifier: MIT
// How far an atom's surroundings are from a student's training set, as the expected error of its
// force.
//
// z: species, F: width of the final scalars h, k: knot.
//
// The score of an atom is the Mahalanobis distance u = |W_z (h - m_z)| of its final scalars to the
// ones of its element in training, with W_z^T W_z the inverse of F times their covariance: about 1
// for training atoms. The expected error is a polygon through knots (u_k, e_k), constant before the
// first and proportional to u after the last.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "ipip/export.hpp"
#include "ipip/student.hpp"

namespace ipip {

/// Largest uncertainty, eV/Å: infinite values become this, so that a comparison always holds.
constexpr double kLargestUncertainty = 1e6;

struct Uncertainty {
  std::int64_t n_species = 0;
  std::int64_t width = 0;         ///< F
  std::vector<double> whitening;  ///< [n_species, F, F] W_z
  std::vector<double> means;      ///< [n_species, F] m_z
  std::int64_t n_knots = 0;       ///< 1 or more
  std::vector<double> scores;     ///< [n_species, n_knots] u_k > 0, rising
  std::vector<double> errors;     ///< [n_species, n_knots] e_k > 0 in eV/Å, not falling

  /// Expected norm of the error of the force on an atom, eV/Å.
  IPIP_API double expected_error(std::int64_t species, double score) const;
};

/// Reads and checks the record `ipip-uncertainty.safetensors`.
/// @param bytes  of the record
/// @param info   of the student it is for
/// @param width  of the student's final scalars
/// @throws ipip::Error  an array is missing, of another shape, not finite, or fitted to
///                      other weights
Uncertainty parse_uncertainty(std::string_view bytes, const StudentInfo& info, std::int64_t width);

}  // namespace ipip
