// SPDX-License-Identifier: MIT
// o: output (layer part and channel), k: basis function, n: node.
//
// Cardinal spline interpolation by recursive filters: M. Unser, IEEE Signal Processing Magazine
// 16(6), 22 (1999), Box 2. Nodes beyond both ends make the start values of the recursion
// irrelevant, since its memory fades by a factor of 0.43 a node.
#include "radial_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "spline.hpp"

namespace ipip {
namespace {

constexpr std::int64_t kPad = 60;  // 0.43^60 = 1e-22
constexpr std::array kPoles = {-0.430575347099973791851434783493520110,
                               -0.0430962882032646535200166234999710206};

void envelope(const RadialFilter& filter, double d, double& value, double& slope) {
  const double x = d / filter.cutoff;
  if (filter.cosine) {
    value = 0.5 * (std::cos(std::numbers::pi * x) + 1.0);
    slope = -0.5 * std::numbers::pi * std::sin(std::numbers::pi * x) / filter.cutoff;
  } else {
    const double x5 = x * x * x * x * x;
    value = 1.0 + x5 * x * (-28.0 + x * (48.0 - 21.0 * x));
    slope = x5 * (-168.0 + x * (336.0 - 168.0 * x)) / filter.cutoff;
  }
}

void interpolate(std::vector<double>& rows, std::int64_t n_rows, std::size_t width) {
  const auto row = [&](std::int64_t n) { return &rows[static_cast<std::size_t>(n) * width]; };
  for (const double pole : kPoles) {
    const double gain = (1.0 - pole) * (1.0 - 1.0 / pole);
    for (double& value : rows) value *= gain;
    for (std::int64_t n = 1; n < n_rows; ++n) {
      for (std::size_t o = 0; o < width; ++o) row(n)[o] += pole * row(n - 1)[o];
    }
    const double start = pole / (pole * pole - 1.0);
    double* last = row(n_rows - 1);
    const double* before = row(n_rows - 2);
    for (std::size_t o = 0; o < width; ++o) last[o] = start * (last[o] + pole * before[o]);
    for (std::int64_t n = n_rows - 2; n >= 0; --n) {
      for (std::size_t o = 0; o < width; ++o) row(n)[o] = pole * (row(n + 1)[o] - row(n)[o]);
    }
  }
}

std::array<std::array<double, kSplineWeights>, 2> spline_weights(double t) {
  const double r = 1.0 - t, t2 = t * t, t3 = t2 * t, t4 = t3 * t, t5 = t4 * t;
  const double r4 = r * r * r * r;
  std::array<std::array<double, kSplineWeights>, 2> out{
      {{r4 * r, 26 - 50 * t + 20 * t2 + 20 * t3 - 20 * t4 + 5 * t5,
        66 - 60 * t2 + 30 * t4 - 10 * t5, 26 + 50 * t + 20 * t2 - 20 * t3 - 20 * t4 + 10 * t5,
        1 + 5 * t + 10 * t2 + 10 * t3 + 5 * t4 - 5 * t5, t5},
       {-5 * r4, -50 + 40 * t + 60 * t2 - 80 * t3 + 25 * t4, -120 * t + 120 * t3 - 50 * t4,
        50 + 40 * t - 60 * t2 - 80 * t3 + 50 * t4, 5 + 20 * t + 30 * t2 + 20 * t3 - 25 * t4,
        5 * t4}}};
  for (auto& row : out) {
    for (double& value : row) value /= 120.0;
  }
  return out;
}

// Largest errors between nodes over the largest value and slope.
double measure(const RadialFilter& filter, const RadialTable& table) {
  const std::size_t width = filter.bias.size();
  const double h = filter.cutoff / static_cast<double>(table.pieces);
  std::vector<double> values(width), slopes(width);
  double value_error = 0.0, slope_error = 0.0, value_size = 0.0, slope_size = 0.0;
  for (std::int64_t n = 0; n < table.pieces; ++n) {
    for (const double t : {0.06, 0.29, 0.5, 0.77}) {
      filter.evaluate((static_cast<double>(n) + t) * h, values.data(), slopes.data());
      const auto weight = spline_weights(t);
      for (std::size_t o = 0; o < width; ++o) {
        double value = 0.0, slope = 0.0;
        for (int k = 0; k < kSplineWeights; ++k) {
          const double c = table.coefficients[static_cast<std::size_t>(n + k) * width + o];
          value += weight[0][k] * c;
          slope += weight[1][k] * c / h;
        }
        value_error = std::max(value_error, std::abs(value - values[o]));
        slope_error = std::max(slope_error, std::abs(slope - slopes[o]));
        value_size = std::max(value_size, std::abs(values[o]));
        slope_size = std::max(slope_size, std::abs(slopes[o]));
      }
    }
  }
  const auto ratio = [](double error, double size) { return size > 0.0 ? error / size : 0.0; };
  return std::max(ratio(value_error, value_size), ratio(slope_error, slope_size));
}

}  // namespace

void RadialFilter::evaluate(double d, double* values, double* slopes) const {
  const std::size_t n_basis = offsets.size();
  double around = 0.0, around_slope = 0.0;
  envelope(*this, d, around, around_slope);
  std::vector<double> basis(n_basis), basis_slope(n_basis);
  for (std::size_t k = 0; k < n_basis; ++k) {
    if (gaussian) {
      const double x = (d - offsets[k]) / widths[k];
      basis[k] = std::exp(-0.5 * x * x);
      basis_slope[k] = -x / widths[k] * basis[k];
    } else if (std::abs(d) < 1e-12) {
      basis[k] = offsets[k];
      basis_slope[k] = 0.0;
    } else {
      basis[k] = std::sin(d * offsets[k]) / d;
      basis_slope[k] = (offsets[k] * std::cos(d * offsets[k]) - basis[k]) / d;
    }
  }
  for (std::size_t o = 0; o < bias.size(); ++o) {
    double value = bias[o], slope = 0.0;
    for (std::size_t k = 0; k < n_basis; ++k) {
      value += weight[o * n_basis + k] * basis[k];
      slope += weight[o * n_basis + k] * basis_slope[k];
    }
    values[o] = value * around;
    slopes[o] = slope * around + value * around_slope;
  }
}

RadialTable tabulate_pieces(const RadialFilter& filter, std::int64_t pieces) {
  const std::size_t width = filter.bias.size();
  const std::int64_t n_rows = pieces + 1 + 2 * kPad;
  const double h = filter.cutoff / static_cast<double>(pieces);
  std::vector<double> rows(static_cast<std::size_t>(n_rows) * width), slopes(width);
  for (std::int64_t n = 0; n < n_rows; ++n) {
    filter.evaluate(static_cast<double>(n - kPad) * h, &rows[static_cast<std::size_t>(n) * width],
                    slopes.data());
  }
  interpolate(rows, n_rows, width);
  // Piece p takes the nodes p - 2 .. p + 3.
  constexpr std::int64_t kBefore = (kDegree - 1) / 2;
  const auto begin = rows.begin() + (kPad - kBefore) * static_cast<std::int64_t>(width);
  RadialTable table;
  table.pieces = pieces;
  table.coefficients.assign(begin, begin + (pieces + kDegree) * static_cast<std::int64_t>(width));
  table.error = measure(filter, table);
  return table;
}

RadialTable tabulate(const RadialFilter& filter, double target) {
  RadialTable table;
  for (const std::int64_t pieces : {64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 4096}) {
    table = tabulate_pieces(filter, pieces);
    if (table.error <= target) break;
  }
  return table;
}

}  // namespace ipip
