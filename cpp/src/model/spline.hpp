// SPDX-License-Identifier: MIT
#pragma once

namespace ipip {

/// Degree of the splines that stand for radial filters, and rows of coefficients that one distance
/// touches.
constexpr int kDegree = 5;
constexpr int kSplineWeights = kDegree + 1;

}  // namespace ipip
